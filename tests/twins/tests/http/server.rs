//! A small HTTP server on a free port: a thread for each connection, and a path for each way to
//! answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Starts a server, which runs as long as the program, and returns its address:
/// `http://127.0.0.1:1234`.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away is an error here, and part of some tests.
            thread::spawn(move || stream.and_then(serve));
        }
    });
    address
}

struct Request {
    method: String,
    path: String,
    /// As they were sent, with names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_chunked: bool,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let first = line(stream)?;
        let mut words = first.split(' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut request =
            Self { method, path, headers: Vec::new(), body: Vec::new(), is_chunked: false };
        loop {
            let line = line(stream)?;
            let Some((name, value)) = line.split_once(':') else { break };
            request.headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        request.is_chunked = request.header("transfer-encoding") == Some("chunked");
        if request.is_chunked {
            loop {
                let size = usize::from_str_radix(&line(stream)?, 16).map_err(io::Error::other)?;
                let start = request.body.len();
                request.body.resize(start + size, 0);
                stream.read_exact(&mut request.body[start..])?;
                line(stream)?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = request.header("content-length") {
            request.body = vec![0; length.parse().map_err(io::Error::other)?];
            stream.read_exact(&mut request.body)?;
        }
        Ok(Some(request))
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut count = 0;
    while let Some(request) = Request::read(&mut reader)? {
        count += 1;
        let (path, argument) = match request.path[1..].split_once('/') {
            Some((path, argument)) => (path, argument),
            None => (&request.path[1..], ""),
        };
        match path {
            "hello" => answer(&mut stream, "200 OK", "", b"hello")?,
            "echo" => answer(&mut stream, "200 OK", "", &request.body)?,
            "count" => answer(&mut stream, "200 OK", "", count.to_string().as_bytes())?,
            "describe" => {
                let described = describe(&request);
                answer(&mut stream, "200 OK", "content-type: application/json\r\n", &described)?;
            }
            "bytes" => answer(&mut stream, "200 OK", "", &vec![7; argument.parse().unwrap()])?,
            "latin" => answer(&mut stream, "200 OK", "", b"caf\xe9")?,
            "status" => answer(&mut stream, &format!("{argument} Told"), "", b"why")?,
            "redirect" => {
                let to = match argument.parse() {
                    Ok(0) => "/hello".to_owned(),
                    Ok(left) => format!("/redirect/{}", left - 1),
                    Err(_) => format!("/{argument}"),
                };
                answer(&mut stream, "302 Found", &format!("location: {to}\r\n"), b"")?;
            }
            "see-other" => {
                answer(&mut stream, "303 See Other", "location: /describe\r\n", b"")?;
            }
            "log-in" => {
                let cookies = "set-cookie: yarn=wool\r\nset-cookie: needle=4; Path=/\r\n";
                answer(&mut stream, "200 OK", cookies, b"in")?;
            }
            // Ends when the client has closed the connection.
            "silent" => return reader.read(&mut [0]).map(drop),
            "half" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf!")?;
                return reader.read(&mut [0]).map(drop);
            }
            "cut" => return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\ncut"),
            "gone" => return Ok(()),
            "noise" => return stream.write_all(b"this is not the protocol\r\n\r\n"),
            "chunks" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
                for chunk in ["one ", "two ", "three"] {
                    thread::sleep(Duration::from_millis(argument.parse().unwrap()));
                    write!(stream, "{:x}\r\n{chunk}\r\n", chunk.len())?;
                }
                stream.write_all(b"0\r\n\r\n")?;
            }
            _ => answer(&mut stream, "404 Not Found", "", b"")?,
        }
    }
    Ok(())
}

fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let mut answer =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n").into_bytes();
    answer.extend(body);
    stream.write_all(&answer)
}

/// What was asked, as JSON.
fn describe(request: &Request) -> Vec<u8> {
    let header = |name| format!("{:?}", request.header(name).unwrap_or("none"));
    let described = format!(
        "{{\"method\": {:?}, \"body\": {:?}, \"chunked\": {}, \"length\": {}, \"type\": {}, \
         \"agent\": {}, \"cookie\": {}, \"auth\": {}, \"x-yarn\": {}}}",
        request.method,
        String::from_utf8_lossy(&request.body),
        request.is_chunked,
        header("content-length"),
        header("content-type"),
        header("user-agent"),
        header("cookie"),
        header("authorization"),
        header("x-yarn"),
    );
    described.into_bytes()
}
