//! Replies that need not be whole: what came of them, and how they ended.

use super::{Ask, PATIENCE, Reply, Rest, read_final_head};
use socket2::SockRef;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A reply that need not be whole.
#[derive(Debug)]
pub struct Watched {
    /// Its head, if one came; the body stands beside.
    pub head: Option<Reply>,
    /// Until the head was there, or did not come.
    pub to_head: Duration,
    /// What came of the body.
    pub body: Vec<u8>,
    /// What came after it.
    pub extra: Vec<u8>,
    /// Whether it came to its end, by its own account.
    pub end: io::Result<()>,
}

impl Ask {
    /// As much of a reply as comes, when after `patience` without a byte nobody waits any longer.
    ///
    /// # Errors
    /// No connection.
    pub fn watch(&self, address: &str, patience: Duration) -> io::Result<Watched> {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.to_bytes(address))?;
        let (mut buffer, mut body, mut extra) = (Vec::new(), Vec::new(), Vec::new());
        let head = read_final_head(&mut stream, &mut buffer);
        let to_head = begun.elapsed();
        let (head, end) = match head {
            Ok(head) => {
                let mut rest = Rest { stream: &mut stream, buffer, at: 0 };
                let mut end = rest.body_of(&head, self.method == "HEAD", &mut |bytes| body.extend_from_slice(bytes));
                // What comes after a whole reply belongs to nobody.
                if end.is_ok() {
                    end = rest.until_end(&mut |bytes| extra.extend_from_slice(bytes));
                }
                (Some(head), end)
            }
            Err(error) => (None, Err(error)),
        };
        if matches!(&end, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // Away for good (RST), not merely done with sending (FIN): workerd, which is waiting for the origin, sees
            // the one at once and the other only when it has something to write.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(Watched { head, to_head, body, extra, end })
    }
}
