/* wolfssl-peer: a DTLS 1.2 and 1.3 echo peer on wolfSSL's public API, on 127.0.0.1: `server|client --port N [flags]`.
 *
 * The client connects, sends --text (--count times, one after the other's echo), and closes. wolfSSL itself is GPL-3.0; it is
 * linked into this test program alone, which nobody ships. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *cert, *key, *ca, *suite, *group, *pin, *identity = "", *text = "hello";
static int isServer, port, version = 13, mtu, count = 1;
static int rawKeys, clientRawKeys, pskAlone, noCookie, keyUpdate, rebind;
static unsigned char psk[64], cid[32];
static int pskLength, cidLength = -1;

static void complain(const char *what, WOLFSSL *ssl) {
    char reason[WOLFSSL_MAX_ERROR_SZ] = "";
    int code = ssl ? wolfSSL_get_error(ssl, 0) : 0;
    if (ssl) wolfSSL_ERR_error_string_n((unsigned long)code, reason, sizeof reason);
    printf("ERROR %s %d %s\n", what, code, reason);
}

static void fail(const char *what, WOLFSSL *ssl) {
    complain(what, ssl);
    exit(1);
}

static void check(int result, const char *what) {
    if (result != WOLFSSL_SUCCESS) fail(what, NULL);
}

static int unhex(const char *hex, unsigned char *out, int max) {
    int length = 0;
    unsigned byte;
    for (; length < max && sscanf(hex, "%2x", &byte) == 1; hex += 2) out[length++] = (unsigned char)byte;
    return length;
}

/* Pre-shared keys: 1.2 asks for identity and key; 1.3 asks for the suite that the key goes with, too. */
static unsigned clientKey12(WOLFSSL *ssl, const char *hint, char *name, unsigned nameMax, unsigned char *out, unsigned max) {
    (void)ssl, (void)hint, (void)max;
    snprintf(name, nameMax, "%s", identity);
    memcpy(out, psk, (size_t)pskLength);
    return (unsigned)pskLength;
}
static unsigned serverKey12(WOLFSSL *ssl, const char *name, unsigned char *out, unsigned max) {
    (void)ssl, (void)max;
    if (strcmp(name, identity)) return 0;
    memcpy(out, psk, (size_t)pskLength);
    return (unsigned)pskLength;
}
static const char *suite13(void) { return suite ? suite : "TLS13-AES128-GCM-SHA256"; }
static unsigned clientKey13(WOLFSSL *ssl, const char *hint, char *name, unsigned nameMax, unsigned char *out, unsigned max,
                            const char **cipher) {
    *cipher = suite13();
    return clientKey12(ssl, hint, name, nameMax, out, max);
}
static unsigned serverKey13(WOLFSSL *ssl, const char *name, unsigned char *out, unsigned max, const char **cipher) {
    *cipher = suite13();
    return serverKey12(ssl, name, out, max);
}

static WOLFSSL_METHOD *method(void) {
    if (version == 13) return isServer ? wolfDTLSv1_3_server_method() : wolfDTLSv1_3_client_method();
    if (version == 12) return isServer ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method();
    return isServer ? wolfDTLS_server_method() : wolfDTLS_client_method();
}

/* Raw public keys (RFC 7250): the certificate is a SubjectPublicKeyInfo, and so is the one expected of the other side. */
static void useRawKeys(WOLFSSL_CTX *context) {
    char raw = WOLFSSL_CERT_TYPE_RPK;
    int pins = isServer ? clientRawKeys : rawKeys;
    unsigned char expected[512];
    FILE *file;
    unsigned length;
    if (rawKeys) check(wolfSSL_CTX_set_server_cert_type(context, &raw, 1), "server-cert-type");
    if (clientRawKeys) check(wolfSSL_CTX_set_client_cert_type(context, &raw, 1), "client-cert-type");
    if (!pin || !pins) return;
    if (!(file = fopen(pin, "rb"))) fail("pin", NULL);
    length = (unsigned)fread(expected, 1, sizeof expected, file);
    fclose(file);
    check(wolfSSL_CTX_set_expected_rpk(context, expected, length), "pin");
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static WOLFSSL_CTX *makeContext(void) {
    WOLFSSL_CTX *context = wolfSSL_CTX_new(method());
    int raw = isServer ? rawKeys : clientRawKeys;
    if (!context) fail("context", NULL);
    if (suite) check(wolfSSL_CTX_set_cipher_list(context, suite), "suite");
    if (cert && raw) check(wolfSSL_CTX_use_certificate_file(context, cert, WOLFSSL_FILETYPE_ASN1), "cert");
    if (cert && !raw) check(wolfSSL_CTX_use_certificate_chain_file(context, cert), "cert");
    if (key) check(wolfSSL_CTX_use_PrivateKey_file(context, key, WOLFSSL_FILETYPE_PEM), "key");
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
    if (ca) {
        check(wolfSSL_CTX_load_verify_locations(context, ca, NULL), "ca");
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    if (pskLength && isServer) {
        wolfSSL_CTX_set_psk_server_callback(context, serverKey12);
        wolfSSL_CTX_set_psk_server_tls13_callback(context, serverKey13);
    } else if (pskLength) {
        wolfSSL_CTX_set_psk_client_callback(context, clientKey12);
        wolfSSL_CTX_set_psk_client_tls13_callback(context, clientKey13);
    }
    if (mtu) check(wolfSSL_CTX_dtls_set_mtu(context, (unsigned short)mtu), "mtu");
    if (rawKeys || clientRawKeys) useRawKeys(context);
    return context;
}

static WOLFSSL *makeSession(WOLFSSL_CTX *context, int fd) {
    WOLFSSL *ssl = wolfSSL_new(context);
    if (!ssl) fail("session", NULL);
    wolfSSL_set_fd(ssl, fd);
    if (ca && !isServer) check(wolfSSL_check_domain_name(ssl, "localhost"), "name");
    if (group) {
        int id = strcmp(group, "x25519") ? WOLFSSL_ECC_SECP256R1 : WOLFSSL_ECC_X25519;
        check(wolfSSL_set_groups(ssl, &id, 1), "group");
        if (!isServer && version != 12) check(wolfSSL_UseKeyShare(ssl, (word16)id), "key share");
    }
    if (pskAlone && wolfSSL_no_dhe_psk(ssl)) fail("psk alone", ssl);
    if (cidLength >= 0) check(wolfSSL_dtls_cid_use(ssl), "cid");
    if (cidLength > 0) check(wolfSSL_dtls_cid_set(ssl, cid, (unsigned)cidLength), "cid");
    if (isServer && version != 12 && noCookie) check(wolfSSL_disable_hrr_cookie(ssl), "no cookie");
    return ssl;
}

static void report(WOLFSSL *ssl) {
    const char *curve = wolfSSL_get_curve_name(ssl);
    printf("%s version=%s suite=%s group=%s cid=%d", isServer ? "SERVER" : "CLIENT", wolfSSL_get_version(ssl),
           wolfSSL_get_cipher_name(ssl), curve ? curve : "-", wolfSSL_dtls_cid_is_enabled(ssl));
    if (rawKeys) {
        int type = -1;
        wolfSSL_get_negotiated_server_cert_type(ssl, &type);
        printf(" server-cert-type=%d", type);
    }
    if (clientRawKeys) {
        int type = -1;
        wolfSSL_get_negotiated_client_cert_type(ssl, &type);
        printf(" client-cert-type=%d", type);
    }
    puts("");
}

static struct sockaddr_in loopback(int at) {
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)at);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int bindUdp(int at) {
    struct sockaddr_in address = loopback(at);
    struct timeval patience = {10, 0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(fd, (struct sockaddr *)&address, sizeof address)) fail("bind", NULL);
    return fd;
}

/* Receives from any address: wolfSSL makes it the peer's once its record has proven authentic and newest (RFC 9146 section 6). */
static int receiveFromAny(WOLFSSL *ssl, char *buffer, int size, void *unused) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    int up = wolfSSL_is_init_finished(ssl);
    struct timeval patience = {up ? 10 : wolfSSL_dtls_get_current_timeout(ssl), 0};
    int fd = wolfSSL_get_fd(ssl), got;
    (void)unused;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    got = (int)recvfrom(fd, buffer, (size_t)size, 0, (struct sockaddr *)&from, &length);
    if (got < 0) return errno != EAGAIN ? WOLFSSL_CBIO_ERR_GENERAL : up ? WOLFSSL_CBIO_ERR_WANT_READ : WOLFSSL_CBIO_ERR_TIMEOUT;
    wolfSSL_dtls_set_pending_peer(ssl, &from, length);
    return got;
}

static void updateKeys(WOLFSSL *ssl) {
    if (wolfSSL_update_keys(ssl) != WOLFSSL_SUCCESS) fail("key update", ssl);
    puts("key-update sent");
}

/* Waits for a ClientHello in a record of epoch 0 and leaves it to be read; drops all else, as what ended associations left. */
static struct sockaddr_in nextClient(int fd) {
    unsigned char head[14];
    struct sockaddr_in from;
    for (;;) {
        socklen_t length = sizeof from;
        long got = recvfrom(fd, head, sizeof head, MSG_PEEK, (struct sockaddr *)&from, &length);
        if (got == sizeof head && head[0] == 22 && !head[3] && !head[4] && head[13] == 1) return from;
        if (got >= 0) recv(fd, head, sizeof head, 0);
    }
}

static void echo(WOLFSSL *ssl) {
    char buffer[16384];
    int got;
    while ((got = wolfSSL_read(ssl, buffer, sizeof buffer)) > 0) {
        struct sockaddr_in from;
        unsigned size = sizeof from;
        wolfSSL_dtls_get_peer(ssl, &from, &size);
        printf("received %d bytes from port %d\n", got, ntohs(from.sin_port));
        if (keyUpdate) updateKeys(ssl), keyUpdate = 0;
        if (wolfSSL_write(ssl, buffer, got) != got) fail("write", ssl);
    }
    if (wolfSSL_get_error(ssl, got) == WOLFSSL_ERROR_ZERO_RETURN) puts("closed");
    else complain("read", ssl);
}

/* One association after the other. */
static void serve(WOLFSSL_CTX *context) {
    int fd = bindUdp(port);
    puts("LISTENING");
    for (;;) {
        struct sockaddr_in from = nextClient(fd);
        WOLFSSL *ssl = makeSession(context, fd);
        wolfSSL_dtls_set_peer(ssl, &from, sizeof from);
        if (cidLength > 0) wolfSSL_SSLSetIORecv(ssl, receiveFromAny);
        if (wolfSSL_accept(ssl) == WOLFSSL_SUCCESS) report(ssl), echo(ssl);
        else complain("accept", ssl);
        wolfSSL_shutdown(ssl);
        wolfSSL_free(ssl);
    }
}

static void connectOut(WOLFSSL_CTX *context) {
    struct sockaddr_in to = loopback(port);
    char buffer[16384];
    int fd = bindUdp(0), got, i;
    WOLFSSL *ssl = makeSession(context, fd);
    wolfSSL_dtls_set_peer(ssl, &to, sizeof to);
    if (wolfSSL_connect(ssl) != WOLFSSL_SUCCESS) fail("connect", ssl);
    report(ssl);
    for (i = 0; i < count; i++) {
        if (keyUpdate && i == count / 2) updateKeys(ssl);
        if (rebind && i == count / 2) { /* A new port, as after a NAT has forgotten the old one. */
            close(fd);
            wolfSSL_set_fd(ssl, fd = bindUdp(0));
            wolfSSL_dtls_set_peer(ssl, &to, sizeof to);
            puts("rebound");
        }
        if (wolfSSL_write(ssl, text, (int)strlen(text)) <= 0) fail("write", ssl);
        if ((got = wolfSSL_read(ssl, buffer, sizeof buffer)) <= 0) fail("read", ssl);
        printf("echo %d %.*s\n", i + 1, got, buffer);
    }
    wolfSSL_shutdown(ssl);
    wolfSSL_free(ssl);
    close(fd);
}

int main(int argc, char **argv) {
    WOLFSSL_CTX *context;
    int i;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2) return puts("usage: wolfssl-peer server|client --port N [flags]"), 2;
    isServer = !strcmp(argv[1], "server");
    for (i = 2; i < argc; i++) {
        const char *flag = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
#define FLAG(name, does) if (!strcmp(flag, name)) { does; continue; }
#define ARGUMENT(name, does) if (!strcmp(flag, name)) { does; i++; continue; }
        ARGUMENT("--port", port = atoi(value))
        ARGUMENT("--version", version = atoi(value)) /* 12, 13, or 0 for what both can */
        ARGUMENT("--cert", cert = value)
        ARGUMENT("--key", key = value)
        ARGUMENT("--ca", ca = value) /* a server that has one demands a certificate */
        ARGUMENT("--suite", suite = value)
        ARGUMENT("--group", group = value) /* x25519 or p256 */
        ARGUMENT("--psk", pskLength = unhex(value, psk, sizeof psk))
        ARGUMENT("--identity", identity = value)
        ARGUMENT("--pin", pin = value) /* a file with the SubjectPublicKeyInfo that is wanted of the other side's raw key */
        ARGUMENT("--mtu", mtu = atoi(value))
        ARGUMENT("--cid", cidLength = unhex(value, cid, sizeof cid)) /* "" for one of no bytes */
        ARGUMENT("--text", text = value)
        ARGUMENT("--count", count = atoi(value))
        FLAG("--raw-keys", rawKeys = 1)              /* of the server */
        FLAG("--client-raw-keys", clientRawKeys = 1) /* of the client, which the server demands */
        FLAG("--psk-alone", pskAlone = 1)            /* psk_ke and no ECDHE */
        FLAG("--no-cookie", noCookie = 1)
        FLAG("--key-update", keyUpdate = 1)
        FLAG("--rebind", rebind = 1)
        printf("unknown flag %s\n", flag);
        return 2;
    }
    wolfSSL_Init();
    context = makeContext();
    if (isServer) serve(context); else connectOut(context);
    wolfSSL_CTX_free(context);
    wolfSSL_Cleanup();
    return 0;
}
