package lbpeers;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapHandler;
import org.eclipse.californium.core.CoapObserveRelation;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.coap.BlockOption;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.Option;
import org.eclipse.californium.core.coap.OptionSet;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.elements.util.StringUtil;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/** Makes the request that each line of stdin describes and prints the answer as a line. */
final class JsonLineClient {
	private final CoapClient client;
	private final String base;

	JsonLineClient(CoapEndpoint endpoint, String base) {
		this.base = base;
		client = new CoapClient(base);
		client.setEndpoint(endpoint);
		client.setTimeout(15000L);
	}

	void run() throws Exception {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		System.out.println("READY");
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			JsonObject answer;
			try {
				answer = answer(JsonParser.parseString(line).getAsJsonObject());
			} catch (Exception e) {
				answer = new JsonObject();
				answer.addProperty("error", e.toString());
			}
			System.out.println(answer);
		}
		System.exit(0);
	}

	private JsonObject answer(JsonObject spec) throws Exception {
		JsonObject answer = new JsonObject();
		if (spec.has("ping")) {
			if (!client.ping()) {
				answer.addProperty("error", "no pong");
			}
			return answer;
		}
		if (spec.has("observe")) {
			answer.add("notifications", observe(request(spec), spec.get("observe").getAsInt()));
			return answer;
		}
		CoapResponse response = client.advanced(request(spec));
		if (response == null) {
			answer.addProperty("error", "timeout");
			return answer;
		}
		answer.addProperty("code", response.getCode().toString());
		JsonArray options = new JsonArray();
		for (Option option : response.getOptions().asSortedList()) {
			JsonArray pair = new JsonArray();
			pair.add(option.getNumber());
			pair.add(hex(option.getValue()));
			options.add(pair);
		}
		answer.add("options", options);
		answer.addProperty("payload", hex(response.getPayload()));
		return answer;
	}

	private Request request(JsonObject spec) {
		Request request = new Request(CoAP.Code.valueOf(spec.get("method").getAsString()));
		request.setConfirmable(spec.get("confirmable").getAsBoolean());
		request.setURI(base);
		OptionSet set = request.getOptions();
		spec.getAsJsonArray("path").forEach(segment -> set.addUriPath(segment.getAsString()));
		spec.getAsJsonArray("query").forEach(query -> set.addUriQuery(query.getAsString()));
		for (JsonElement option : spec.getAsJsonArray("options")) {
			JsonArray pair = option.getAsJsonArray();
			set.addOption(new Option(org.eclipse.californium.core.coap.option.StandardOptionRegistry
					.getDefaultOptionRegistry().getDefinitionByNumber(pair.get(0).getAsInt()), bytes(pair.get(1).getAsString())));
		}
		if (spec.has("szx")) {
			set.setBlock2(new BlockOption(spec.get("szx").getAsInt(), false, 0));
		}
		if (spec.has("payload")) {
			request.setPayload(bytes(spec.get("payload").getAsString()));
		}
		return request;
	}

	private JsonArray observe(Request request, int count) throws Exception {
		JsonArray seen = new JsonArray();
		CountDownLatch all = new CountDownLatch(count);
		request.setObserve();
		CoapObserveRelation relation = client.observe(request, new CoapHandler() {
			@Override
			public void onLoad(CoapResponse response) {
				synchronized (seen) {
					if (seen.size() < count) {
						seen.add(hex(response.getPayload()));
					}
				}
				all.countDown();
			}

			@Override
			public void onError() {
			}
		});
		if (!all.await(15, TimeUnit.SECONDS)) {
			throw new IllegalStateException("only " + seen.size() + " notifications");
		}
		relation.proactiveCancel();
		return seen;
	}

	private static String hex(byte[] bytes) {
		return bytes == null ? "" : StringUtil.byteArray2Hex(bytes).toLowerCase();
	}

	private static byte[] bytes(String hex) {
		return StringUtil.hex2ByteArray(hex);
	}
}
