//! What may answer at a port instead of a server: nobody, a fool, a man in the middle.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Takes every connection on a port of its own, each in a thread.
fn serve(serve_one: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve_one = Arc::new(serve_one);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve_one = Arc::clone(&serve_one);
            thread::spawn(move || serve_one(stream));
        }
    });
    port
}

/// Sends an answer to the first bytes that come, then listens without a word. What came after the
/// answer is noted.
pub fn answers(answer: &'static [u8]) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let after = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&after);
    let port = serve(move |mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(answer);
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            noted.lock().unwrap().extend(&buffer[..count]);
        }
    });
    (port, after)
}

/// Sends an answer to the first bytes that come, and hangs up.
pub fn answers_and_ends(answer: &'static [u8]) -> u16 {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
        let _ = stream.shutdown(Shutdown::Both);
    })
}

/// What stands between a client and a server.
pub struct Proxy {
    pub port: u16,
    /// From now on everything is swallowed, and nothing is closed.
    pub swallows: Arc<AtomicBool>,
}

/// Hands everything on to a port of this machine. With `strips`, it says that the server has no TLS.
pub fn proxy(to: u16, strips: bool) -> Proxy {
    let swallows = Arc::new(AtomicBool::new(false));
    let swallowing = Arc::clone(&swallows);
    let port = serve(move |mut client| {
        if strips {
            let mut request = [0; 8];
            client.read_exact(&mut request).unwrap();
            client.write_all(b"N").unwrap();
        }
        let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
        let pump = |mut from: TcpStream, mut to: TcpStream| {
            let swallowing = Arc::clone(&swallowing);
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    if !swallowing.load(Ordering::SeqCst) && to.write_all(&buffer[..count]).is_err()
                    {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Both);
            })
        };
        pump(client.try_clone().unwrap(), server.try_clone().unwrap());
        let _ = pump(server, client).join();
    });
    Proxy { port, swallows }
}
