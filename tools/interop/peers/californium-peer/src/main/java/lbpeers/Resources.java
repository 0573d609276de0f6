package lbpeers;

import java.nio.charset.StandardCharsets;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;

import org.eclipse.californium.core.CoapResource;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.coap.CoAP.Code;
import org.eclipse.californium.core.coap.CoAP.ResponseCode;
import org.eclipse.californium.core.coap.CoAP.Type;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.server.resources.CoapExchange;

/** The resources of the ETSI test descriptions, as far as they say something about Californium. */
final class Resources {
	private static final Timer timer = new Timer(true);
	private static byte[] stored = new byte[0];
	private static byte[] created = new byte[0];

	static void addTo(CoapServer server) {
		server.add(handled("test", Resources::test));
		server.add(handled("separate", exchange -> {
			exchange.accept();
			timer.schedule(task(() -> exchange.respond(ResponseCode.CONTENT, "late")), 1000);
		}));
		CoapResource seg1 = new CoapResource("seg1");
		CoapResource seg2 = new CoapResource("seg2");
		seg2.add(handled("seg3", exchange -> exchange.respond(ResponseCode.CONTENT, "deep")));
		seg1.add(seg2);
		server.add(seg1);
		server.add(handled("query", exchange -> exchange.respond(ResponseCode.CONTENT,
				String.join("&", exchange.getRequestOptions().getUriQuery()))));
		server.add(handled("location-query", exchange -> {
			Response response = new Response(ResponseCode.CREATED);
			response.getOptions().addLocationQuery("first=1").addLocationQuery("second=2");
			exchange.respond(response);
		}));
		server.add(handled("multi-format", exchange -> {
			boolean xml = exchange.getRequestOptions().isAccept(41);
			exchange.respond(ResponseCode.CONTENT, xml ? "<text/>" : "text", xml ? 41 : 0);
		}));
		server.add(handled("large", exchange -> exchange.respond(ResponseCode.CONTENT, pattern(65536), 42)));
		server.add(handled("large-update", exchange -> {
			if (exchange.getRequestCode() == Code.PUT) {
				stored = exchange.getRequestPayload();
				exchange.respond(ResponseCode.CHANGED);
			} else {
				exchange.respond(ResponseCode.CONTENT, stored, 42);
			}
		}));
		CoapResource create = handled("large-create", exchange -> {
			created = exchange.getRequestPayload();
			Response response = new Response(ResponseCode.CREATED);
			response.getOptions().addLocationPath("large-create").addLocationPath("1");
			exchange.respond(response);
		});
		create.add(handled("1", exchange -> exchange.respond(ResponseCode.CONTENT, created, 42)));
		server.add(create);
		server.add(handled("large-post", exchange -> exchange.respond(ResponseCode.CHANGED,
				new String(exchange.getRequestPayload(), StandardCharsets.US_ASCII).toUpperCase().getBytes(), 42)));
		server.add(ticking("obs", Type.CON, n -> ("tick " + n).getBytes()));
		server.add(ticking("obs-non", Type.NON, n -> ("tick " + n).getBytes()));
		server.add(ticking("obs-large", Type.CON, n -> String.valueOf(n % 10).repeat(3000).getBytes()));
	}

	private static void test(CoapExchange exchange) {
		switch (exchange.getRequestCode()) {
		case GET:
			exchange.respond(ResponseCode.CONTENT, "test");
			break;
		case PUT:
			exchange.respond(ResponseCode.CHANGED);
			break;
		case DELETE:
			exchange.respond(ResponseCode.DELETED);
			break;
		default:
			Response response = new Response(ResponseCode.CREATED);
			response.getOptions().addLocationPath("location1").addLocationPath("location2").addLocationPath("location3");
			exchange.respond(response);
		}
	}

	private static CoapResource handled(String name, Consumer<CoapExchange> handler) {
		return new CoapResource(name) {
			@Override
			public void handleRequest(org.eclipse.californium.core.network.Exchange exchange) {
				handler.accept(new CoapExchange(exchange, this));
			}
		};
	}

	private static CoapResource ticking(String name, Type type, IntFunction<byte[]> body) {
		AtomicInteger n = new AtomicInteger();
		CoapResource resource = new CoapResource(name) {
			@Override
			public void handleGET(CoapExchange exchange) {
				exchange.respond(ResponseCode.CONTENT, body.apply(n.get()), 0);
			}
		};
		resource.setObservable(true);
		resource.setObserveType(type);
		timer.schedule(task(() -> {
			n.incrementAndGet();
			resource.changed();
		}), 300, 300);
		return resource;
	}

	private static TimerTask task(Runnable action) {
		return new TimerTask() {
			@Override
			public void run() {
				action.run();
			}
		};
	}

	private static byte[] pattern(int length) {
		return "0123456789abcdef".repeat(length / 16).getBytes(StandardCharsets.US_ASCII);
	}
}
