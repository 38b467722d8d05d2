//! The connection to a host: its version of TLS, and when its certificate ends.

use crate::checks::{Fault, Seen, not_checked};
use crate::http::host_of;
use clouddrop_core::{Seconds, UnixTime};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
/// How long before its end a certificate should have been renewed: platforms do so at 30 days and later.
const SOON: Seconds = Seconds(14 * 86_400);

/// A connection as a browser would make it, but for its roots, which are Mozilla's.
pub(super) fn check(address: &str, now: UnixTime) -> Seen {
    if address.starts_with("http://") {
        return not_checked("this machine: no TLS");
    }
    let host = host_of(address);
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| Fault::Failed("no port".into()))?),
        None => (host, 443),
    };
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let (version, certificate) = handshake(name, port, roots).map_err(Fault::Failed)?;
    judge(version, &certificate, now)
}

fn handshake(name: &str, port: u16, roots: RootCertStore) -> Result<(Option<ProtocolVersion>, Vec<u8>), String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    let server = ServerName::try_from(name.to_string()).map_err(|_| format!("{name} is no name of a host"))?;
    let mut connection = ClientConnection::new(Arc::new(config), server).map_err(|error| error.to_string())?;
    let addresses = (name, port).to_socket_addrs().map_err(|error| format!("{name}: {error}"))?;
    let address = addresses.into_iter().next().ok_or_else(|| format!("{name} has no address"))?;
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| format!("{name}: {error}"))?;
    let timed = socket.set_read_timeout(Some(PATIENCE)).and_then(|()| socket.set_write_timeout(Some(PATIENCE)));
    timed.map_err(|error| error.to_string())?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(|error| format!("{name}: no TLS that is good: {error}"))?;
    }
    let certificate = connection.peer_certificates().and_then(|chain| chain.first()).map(|first| first.to_vec());
    Ok((connection.protocol_version(), certificate.unwrap_or_default()))
}

fn judge(version: Option<ProtocolVersion>, certificate: &[u8], now: UnixTime) -> Seen {
    let version = match version {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => return Err("neither TLS 1.2 nor 1.3".into()),
    };
    let Some(end) = not_after(certificate) else { return Err("a certificate that is not understood".into()) };
    if end <= now.after(SOON) {
        return Err(format!("{version}, but the certificate ends at {end}: is it renewed by itself?").into());
    }
    Ok(format!("{version}, the certificate ends at {end}"))
}

/// notAfter of an X.509 certificate (RFC 5280 section 4.1).
fn not_after(certificate: &[u8]) -> Option<UnixTime> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    // [0] version, serialNumber, signature, issuer; the version may be missing.
    let skipped = if rest.first() == Some(&0xa0) { 4 } else { 3 };
    for _ in 0..skipped {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, behind) = element(validity)?;
    let (tag, time, _) = element(behind)?;
    let text = core::str::from_utf8(time).ok()?;
    // UTCTime has two digits of the year, 1950 to 2049; GeneralizedTime has four.
    let text = match tag {
        0x17 if text.get(..2)? < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        0x18 => text.into(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let (day, clock) = ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(8, 10)?, part(10, 12)?, part(12, 14)?));
    UnixTime::from_rfc3339(&format!("{}-{}-{}T{}:{}:{}Z", day.0, day.1, day.2, clock.0, clock.1, clock.2))
}

/// One element of DER (X.690 section 8.1): its tag, its content, and what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first, rest) = (*bytes.first()?, *bytes.get(1)?, bytes.get(2..)?);
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 3 {
            return None;
        }
        let length = rest.get(..count)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest.get(count..)?)
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::Read as _;
    use std::net::TcpListener;

    /// A server on loopback with a certificate of its own that ends on 2 January 2041; its port and the certificate.
    fn server() -> (u16, CertificateDer<'static>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_string()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2041, 1, 2);
        let certificate = parameters.self_signed(&key).unwrap().der().clone();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], private).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for mut socket in listener.incoming().map_while(Result::ok) {
                let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that refuses the certificate goes away.
                let _ = connection.complete_io(&mut socket);
                let _ = socket.read(&mut [0]);
            }
        });
        (port, certificate)
    }

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_seen() {
        let (port, certificate) = server();
        let seen = check(&format!("https://localhost:{port}"), UnixTime::from_secs(0));
        assert!(matches!(seen, Err(Fault::Failed(why)) if why.contains("no TLS that is good")));
        // With its own root it is good, and judged by its end.
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let (version, certificate) = handshake("localhost", port, roots).unwrap();
        let end = UnixTime::from_rfc3339("2041-01-02T00:00:00Z").unwrap();
        assert_eq!(not_after(&certificate), Some(end));
        let at = |seconds: u64| judge(version, &certificate, UnixTime::from_secs(end.as_secs() - seconds));
        assert!(at(SOON.0 + 1).unwrap().contains("TLS 1.3"));
        assert!(matches!(at(SOON.0), Err(Fault::Failed(why)) if why.contains("2041-01-02")));
        assert!(judge(None, &certificate, UnixTime::from_secs(0)).is_err());
        for cut in 0..certificate.len().min(200) {
            assert_eq!(not_after(&certificate[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn hosts_without_tls_are_not_said_to_have_it() {
        assert!(matches!(check("http://127.0.0.1:9", UnixTime::from_secs(0)), Err(Fault::NotChecked(_))));
        assert!(check("https://127.0.0.1:9", UnixTime::from_secs(0)).is_err());
    }
}
