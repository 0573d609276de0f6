package lbpeers;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.elements.config.CertificateAuthenticationMode;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.util.SslContextUtil;
import org.eclipse.californium.elements.util.StringUtil;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.CertificateType;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.californium.scandium.dtls.x509.StaticNewAdvancedCertificateVerifier;

/**
 * A CoAP peer on Californium: `server|client HOST:PORT`, plain, or over Scandium's DTLS with `--ca=FILE` (the client's trust),
 * `--cert=FILE --key=FILE`, `--psk=HEX --identity=NAME` and `--cid=N` (connection ids of N bytes). The client takes requests as JSON
 * lines.
 */
public final class Peer {
	static final Map<String, String> options = new HashMap<>();

	static Configuration configuration() {
		CoapConfig.register();
		DtlsConfig.register();
		Configuration c = new Configuration();
		c.set(CoapConfig.MAX_RESOURCE_BODY_SIZE, 1 << 20);
		if (options.containsKey("cid")) {
			c.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, Integer.parseInt(options.get("cid")));
		}
		return c;
	}

	static CoapEndpoint endpoint(boolean server, InetSocketAddress bind) throws Exception {
		Configuration c = configuration();
		CoapEndpoint.Builder b = new CoapEndpoint.Builder().setConfiguration(c);
		boolean psk = options.containsKey("psk");
		if (!psk && !options.containsKey("cert") && !options.containsKey("ca")) {
			return b.setInetSocketAddress(bind).build();
		}
		DtlsConnectorConfig.Builder d = DtlsConnectorConfig.builder(c).setAddress(bind);
		d.set(DtlsConfig.DTLS_ROLE, server ? DtlsConfig.DtlsRole.SERVER_ONLY : DtlsConfig.DtlsRole.CLIENT_ONLY);
		if (psk) {
			d.setAdvancedPskStore(new AdvancedSinglePskStore(options.get("identity"),
					StringUtil.hex2ByteArray(options.get("psk"))));
		}
		if (options.containsKey("cert")) {
			d.setCertificateIdentityProvider(new SingleCertificateProvider(
					SslContextUtil.loadPrivateKey(options.get("key"), null, null, null),
					SslContextUtil.loadCertificateChain(options.get("cert"), null, null), CertificateType.X_509));
		}
		if (options.containsKey("ca")) {
			d.setAdvancedCertificateVerifier(StaticNewAdvancedCertificateVerifier.builder()
					.setTrustedCertificates(SslContextUtil.loadTrustedCertificates(options.get("ca"), null, null)).build());
		} else {
			d.set(DtlsConfig.DTLS_CLIENT_AUTHENTICATION_MODE, CertificateAuthenticationMode.NONE);
		}
		if (options.containsKey("suite")) {
			d.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.valueOf(options.get("suite")));
			d.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
		}
		return b.setConnector(new DTLSConnector(d.build())).build();
	}

	public static void main(String[] args) throws Exception {
		for (int i = 2; i < args.length; i++) {
			String[] pair = args[i].substring(2).split("=", 2);
			options.put(pair[0], pair[1]);
		}
		int colon = args[1].lastIndexOf(':');
		InetSocketAddress at = new InetSocketAddress(args[1].substring(0, colon),
				Integer.parseInt(args[1].substring(colon + 1)));
		if (args[0].equals("server")) {
			CoapServer server = new CoapServer(configuration());
			server.addEndpoint(endpoint(true, at));
			Resources.addTo(server);
			server.start();
			System.out.println("LISTENING " + at);
		} else {
			String scheme = options.isEmpty() ? "coap" : "coaps";
			CoapEndpoint local = endpoint(false, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
			new JsonLineClient(local, scheme + "://" + args[1]).run();
		}
	}
}
