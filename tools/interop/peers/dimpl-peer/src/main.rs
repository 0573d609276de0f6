//! dimpl-peer: a DTLS 1.2 and 1.3 echo peer on dimpl's public API: `server|client HOST:PORT [--flag[=value]]...`.
//!
//! The server has one association after the other. The client sends `--text` (`--count` times, one after the other's echo) and closes. dimpl leaves
//! the judgement of certificates to its user: ours takes the one in `--peer` and no other.
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::process::exit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::crypto::{Dtls12CipherSuite, Dtls13CipherSuite};
use dimpl::{Config, Dtls, DtlsCertificate, NamedGroup, Output, PskResolver};

struct Options(HashMap<String, String>);

impl Options {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    fn file(&self, name: &str) -> Vec<u8> {
        let path = self.get(name).unwrap_or_else(|| panic!("--{name}=FILE"));
        std::fs::read(path).expect(path)
    }
}

/// One key for one identity.
struct SharedKey {
    identity: Vec<u8>,
    key: Vec<u8>,
}

impl PskResolver for SharedKey {
    fn resolve(&self, identity: &[u8]) -> Option<Vec<u8>> {
        (identity == self.identity).then(|| self.key.clone())
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
        .collect()
}

fn config(o: &Options, server: bool) -> Arc<Config> {
    let mut builder = Config::builder()
        .require_client_certificate(o.has("mutual"))
        .use_server_cookie(!o.has("no-cookie"))
        .handshake_timeout(Duration::from_secs(10));
    if let Some(mtu) = o.get("mtu") {
        builder = builder.mtu(mtu.parse().expect("mtu"));
    }
    if o.has("key-update") {
        // It updates its keys when this many records are sealed with them.
        builder = builder.aead_encryption_limit(2);
    }
    if let Some(suite) = o.get("suite") {
        let id = u16::from_str_radix(suite, 16).expect("suite in hex");
        builder = builder
            .dtls13_cipher_suites(&[Dtls13CipherSuite::from_u16(id)])
            .dtls12_cipher_suites(&[Dtls12CipherSuite::from_u16(id)]);
    }
    if let Some(group) = o.get("group") {
        builder = builder.kx_groups(&[match group {
            "x25519" => NamedGroup::X25519,
            _ => NamedGroup::Secp256r1,
        }]);
    }
    if let Some(key) = o.get("psk") {
        let identity = o.get("identity").expect("--identity").as_bytes().to_vec();
        let resolver = Arc::new(SharedKey {
            identity: identity.clone(),
            key: unhex(key),
        });
        builder = if server {
            builder.with_psk_server(None, resolver)
        } else {
            builder.with_psk_client(identity, resolver)
        };
    }
    Arc::new(builder.build().expect("config"))
}

fn engine(o: &Options, server: bool) -> Dtls {
    let config = config(o, server);
    let now = Instant::now();
    let mut dtls = if o.has("psk") {
        Dtls::new_12_psk(config, now)
    } else {
        let own = DtlsCertificate {
            certificate: o.file("cert"),
            private_key: o.file("key"),
        };
        match o.get("version") {
            Some("12") => Dtls::new_12(config, own, now),
            Some("13") => Dtls::new_13(config, own, now),
            _ => Dtls::new_auto(config, own, now),
        }
    };
    dtls.set_active(!server);
    dtls
}

type Outcome<T> = Result<T, String>;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// An association's way to the other side.
struct Path<'a> {
    socket: &'a UdpSocket,
    peer: SocketAddr,
}

/// What came out of the engine, beside the datagrams that are sent already.
struct Drained {
    timer: Instant,
    connected: bool,
    data: Vec<Vec<u8>>,
    closed: bool,
}

fn drain(dtls: &mut Dtls, path: &Path, expected: Option<&[u8]>) -> Outcome<Drained> {
    let mut buffer = vec![0u8; 4096];
    let (mut connected, mut data, mut closed) = (false, vec![], false);
    loop {
        match dtls.poll_output(&mut buffer) {
            // The other side may be gone already.
            Output::Packet(packet) => drop(path.socket.send_to(packet, path.peer)),
            Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
            Output::Timeout(timer) => {
                return Ok(Drained {
                    timer,
                    connected,
                    data,
                    closed,
                });
            }
            Output::Connected => connected = true,
            Output::PeerCert(shown) => {
                if expected.is_some_and(|expected| expected != shown) {
                    return Err("the certificate is unknown".into());
                }
            }
            Output::ApplicationData(bytes) => data.push(bytes.to_vec()),
            Output::CloseNotify => closed = true,
            _ => {}
        }
    }
}

/// One association from its first datagram to its last.
fn associate(o: &Options, server: bool, path: &Path) -> Outcome<()> {
    let expected = o.has("peer").then(|| o.file("peer"));
    let text = o.get("text").unwrap_or("hello");
    let count: usize = o.get("count").map_or(1, |n| n.parse().expect("count"));
    let mut dtls = engine(o, server);
    let mut echoes = 0;
    let mut buffer = [0u8; 4096];
    dtls.handle_timeout(Instant::now()).map_err(said)?;
    loop {
        let out = drain(&mut dtls, path, expected.as_deref())?;
        let mut answers = vec![];
        if out.connected {
            let role = if server { "SERVER" } else { "CLIENT" };
            let version = dtls.protocol_version().expect("a version");
            println!("{role} version={version:?}");
            if !server {
                answers.push(text.as_bytes().to_vec());
            }
        }
        for bytes in out.data {
            if server {
                println!("received {} bytes", bytes.len());
                answers.push(bytes);
                continue;
            }
            echoes += 1;
            println!("echo {echoes} {}", String::from_utf8_lossy(&bytes));
            if echoes == count {
                dtls.close().map_err(said)?;
                return drain(&mut dtls, path, None).map(|_| ());
            }
            answers.push(text.as_bytes().to_vec());
        }
        if out.closed {
            println!("closed");
            return Ok(());
        }
        for bytes in &answers {
            dtls.send_application_data(bytes).map_err(said)?;
        }
        if !answers.is_empty() {
            continue;
        }
        let wait = out.timer.saturating_duration_since(Instant::now());
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(200));
        path.socket.set_read_timeout(Some(wait)).map_err(said)?;
        let received = path.socket.recv_from(&mut buffer);
        dtls.handle_timeout(Instant::now()).map_err(said)?;
        match received {
            Ok((length, from)) if from == path.peer => {
                dtls.handle_packet(&buffer[..length]).map_err(said)?
            }
            _ => {}
        }
    }
}

/// Waits for a ClientHello in a record of epoch 0 and leaves it to be read; drops all else.
fn next_client(socket: &UdpSocket) -> SocketAddr {
    socket.set_read_timeout(None).expect("no timeout");
    let mut head = [0u8; 14];
    loop {
        let (length, from) = socket.peek_from(&mut head).expect("a datagram");
        if length == head.len() && head[0] == 22 && head[3..5] == [0, 0] && head[13] == 1 {
            return from;
        }
        drop(socket.recv_from(&mut head));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() < 3 {
        eprintln!("usage: dimpl-peer server|client HOST:PORT [--flag[=value]]...");
        exit(2);
    }
    let flags = arguments[3..].iter().map(|argument| {
        let flag = argument.trim_start_matches("--");
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        (name.to_string(), value.to_string())
    });
    let o = Options(flags.collect());
    if arguments[1] == "client" {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let peer = arguments[2].parse().expect("HOST:PORT");
        if let Err(why) = associate(
            &o,
            false,
            &Path {
                socket: &socket,
                peer,
            },
        ) {
            println!("ERROR {why}");
            exit(1);
        }
        return;
    }
    let socket = UdpSocket::bind(&arguments[2]).expect("bind");
    println!("LISTENING");
    loop {
        let peer = next_client(&socket);
        if let Err(why) = associate(
            &o,
            true,
            &Path {
                socket: &socket,
                peer,
            },
        ) {
            println!("ERROR {why}");
        }
    }
}
