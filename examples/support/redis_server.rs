//! A server that knows as much of Redis as the example `twin` asks for.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

#[derive(Default)]
struct Database {
    values: HashMap<String, String>,
    subscribers: Vec<(String, TcpStream)>,
}

/// Starts the server, and returns its address.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let database = Arc::<Mutex<Database>>::default();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(io::Result::ok) {
            let database = Arc::clone(&database);
            // A client that fails has gone.
            thread::spawn(move || serve(&stream, &database));
        }
    });
    Ok(address)
}

fn serve(stream: &TcpStream, database: &Mutex<Database>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(command) = read(&mut reader)? {
        let mut database = database.lock().unwrap_or_else(PoisonError::into_inner);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let answer = match command[..] {
            ["PING"] => "+PONG\r\n".to_owned(),
            ["SET", key, value] => {
                database.values.insert(key.to_owned(), value.to_owned());
                "+OK\r\n".to_owned()
            }
            ["GET", key] => match database.values.get(key) {
                Some(value) => text(value),
                None => "$-1\r\n".to_owned(),
            },
            ["INCR", key] => {
                let value = database.values.entry(key.to_owned()).or_default();
                match if value.is_empty() { Ok(0) } else { value.parse::<i64>() } {
                    Ok(number) => {
                        *value = (number + 1).to_string();
                        format!(":{value}\r\n")
                    }
                    Err(_) => "-ERR value is not an integer or out of range\r\n".to_owned(),
                }
            }
            // It would wait for an item, and nothing here adds one.
            ["BLPOP", _, "0"] => String::new(),
            ["SUBSCRIBE", channel] => {
                database.subscribers.push((channel.to_owned(), stream.try_clone()?));
                format!("*3\r\n$9\r\nsubscribe\r\n{}:1\r\n", text(channel))
            }
            ["PUBLISH", channel, message] => {
                let message = format!("*3\r\n$7\r\nmessage\r\n{}{}", text(channel), text(message));
                let mut received = 0;
                for (_, stream) in database.subscribers.iter().filter(|(name, _)| name == channel) {
                    let mut stream = stream;
                    received += usize::from(stream.write_all(message.as_bytes()).is_ok());
                }
                format!(":{received}\r\n")
            }
            _ => format!("-ERR unknown command '{}'\r\n", command.join(" ")),
        };
        let mut stream = stream;
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn text(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// Reads a command: a list of texts. `None` is the end.
fn read(from: &mut impl BufRead) -> io::Result<Option<Vec<String>>> {
    let Some(parts) = number(from, '*')? else { return Ok(None) };
    let mut command = Vec::new();
    for _ in 0..parts {
        let Some(len) = number(from, '$')? else { return Ok(None) };
        let mut bytes = vec![0; len + "\r\n".len()];
        from.read_exact(&mut bytes)?;
        bytes.truncate(len);
        command.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(Some(command))
}

fn number(from: &mut impl BufRead, kind: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let number = line.trim_end().strip_prefix(kind).and_then(|number| number.parse().ok());
    match number {
        None if !line.is_empty() => Err(io::ErrorKind::InvalidData.into()),
        number => Ok(number),
    }
}
