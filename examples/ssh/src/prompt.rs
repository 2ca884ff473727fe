//! One session of a client that has logged in: a prompt at its terminal, or a program that it
//! sends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use async_io::Timer;
use crochet::{run_in_reactor, unblock};
use futures_lite::future::or;
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};

use crate::editor::{Editor, Input};
use crate::mill::Mill;
use crate::script::{Failure, Run, Script};
use crate::stop::Stop;

type Result<T> = std::result::Result<T, russh::Error>;

const GREETING: &str = "This is Lua, inside the running program. Type help to see what is here, \
                        Ctrl-D to leave.\n";
const CTRL_C: u8 = 3;
/// The most that a client may send as a program, or type ahead.
const TYPED: usize = 1 << 20;
/// How long a script may take to stop; `resolve` takes five seconds, and looks at nothing
/// meanwhile.
const GRACE: Duration = Duration::from_secs(6);

/// Talks to the client until it leaves.
pub(crate) async fn serve(channel: Channel<Msg>, mill: Arc<Mill>) -> Result<()> {
    let (read, write) = channel.split();
    let client = Client { read, typed: VecDeque::new(), width: 0, ended: false, gone: false };
    let mut session =
        Session { client, terminal: Terminal { write, pty: false }, mill, script: None };
    let Some(request) = session.request().await else { return Ok(()) };
    let status = match request {
        Request::Exec(code) => session.program(&code).await?,
        Request::Shell if session.terminal.pty => session.converse().await?,
        Request::Shell => session.read_program().await?,
    };
    let write = session.terminal.write;
    // In this order, and before the channel is dropped: ssh exits with 255 if it gets no status.
    write.exit_status(status.into()).await?;
    write.eof().await?;
    write.close().await
}

struct Session {
    client: Client,
    terminal: Terminal,
    mill: Arc<Mill>,
    /// None while it runs.
    script: Option<Script>,
}

/// What the client wants of this session.
enum Request {
    Shell,
    Exec(Vec<u8>),
}

/// What comes from the client.
struct Client {
    read: ChannelReadHalf,
    typed: VecDeque<u8>,
    width: usize,
    /// It sends nothing any more.
    ended: bool,
    gone: bool,
}

impl Client {
    /// Waits until the client has sent something, and says what, if it is none of the below.
    async fn receive(&mut self) -> Option<ChannelMsg> {
        let message = self.read.wait().await;
        match message {
            Some(ChannelMsg::Data { data }) => {
                let free = TYPED.saturating_sub(self.typed.len());
                self.typed.extend(data.iter().take(free));
            }
            Some(ChannelMsg::WindowChange { col_width, .. }) => self.width = col_width as usize,
            Some(ChannelMsg::Signal { signal: Sig::INT }) => self.typed.push_back(CTRL_C),
            Some(ChannelMsg::Eof) => self.ended = true,
            None | Some(ChannelMsg::Close) => (self.ended, self.gone) = (true, true),
            other => return other,
        }
        None
    }

    /// Waits until the client wants the script to stop: by Ctrl-C, or because it is gone.
    async fn interrupted(&mut self, pty: bool) {
        while !self.gone {
            self.receive().await;
            let ctrl_c = self.typed.iter().rposition(|byte| pty && *byte == CTRL_C);
            if let Some(index) = ctrl_c {
                // What was typed ahead was not meant for what comes now.
                self.typed.drain(..=index);
                return;
            }
        }
    }
}

/// What goes to the client.
struct Terminal {
    write: ChannelWriteHalf<Msg>,
    pty: bool,
}

impl Terminal {
    /// Waits while the client is slow.
    async fn print(&self, text: &[u8]) -> Result<()> {
        self.write.data_bytes(self.lines(text)).await
    }

    async fn print_error(&self, text: &str) -> Result<()> {
        let text = self.lines(format!("{text}\n").as_bytes());
        const STDERR: u32 = 1;
        if self.pty {
            self.write.data_bytes(text).await
        } else {
            self.write.extended_data_bytes(STDERR, text).await
        }
    }

    /// A terminal needs to be told to go back to the first column.
    fn lines(&self, text: &[u8]) -> Vec<u8> {
        if !self.pty {
            return text.to_owned();
        }
        let mut lines = Vec::with_capacity(text.len() + 1);
        for byte in text {
            if *byte == b'\n' {
                lines.push(b'\r');
            }
            lines.push(*byte);
        }
        lines
    }
}

/// What came of a run.
enum Outcome {
    Done,
    /// The code goes on in the next line.
    Incomplete,
    Failed,
    Exit(u8),
}

impl Session {
    /// Waits for the client to say what it wants. None if it goes instead.
    async fn request(&mut self) -> Option<Request> {
        while !self.client.gone {
            match self.client.receive().await {
                Some(ChannelMsg::RequestPty { col_width, .. }) => {
                    self.terminal.pty = true;
                    self.client.width = col_width as usize;
                }
                Some(ChannelMsg::RequestShell { .. }) => return Some(Request::Shell),
                Some(ChannelMsg::Exec { command, .. }) => return Some(Request::Exec(command)),
                _ => {}
            }
        }
        None
    }

    /// `ssh HOST CODE`: the code, with an exit status.
    async fn program(&mut self, code: &[u8]) -> Result<u8> {
        match self.run(code).await? {
            Outcome::Done => Ok(0),
            Outcome::Exit(status) => Ok(status),
            Outcome::Failed => Ok(1),
            Outcome::Incomplete => {
                self.terminal.print_error("the code ends in the middle").await?;
                Ok(1)
            }
        }
    }

    /// `ssh HOST < FILE`: the same, for a whole file.
    async fn read_program(&mut self) -> Result<u8> {
        while !self.client.ended {
            self.client.receive().await;
        }
        if self.client.typed.len() == TYPED {
            self.terminal.print_error("the program is too long").await?;
            return Ok(1);
        }
        let code: Vec<u8> = self.client.typed.drain(..).collect();
        self.program(&code).await
    }

    /// A conversation at a terminal: line for line, until Ctrl-D.
    async fn converse(&mut self) -> Result<u8> {
        let mut editor = Editor::new(self.client.width);
        let mut code = String::new();
        self.terminal.print(GREETING.as_bytes()).await?;
        loop {
            let prompt = if code.is_empty() { "> " } else { ">> " };
            match self.read_line(&mut editor, prompt).await? {
                None | Some(Input::End) => return Ok(0),
                Some(Input::Interrupt) => {
                    code.clear();
                    continue;
                }
                Some(Input::Line(line)) => code.push_str(&line),
            }
            match self.run(code.as_bytes()).await? {
                Outcome::Incomplete => code.push('\n'),
                Outcome::Exit(status) => return Ok(status),
                Outcome::Done | Outcome::Failed => code.clear(),
            }
        }
    }

    /// None when the client is gone.
    async fn read_line(
        &mut self,
        editor: &mut Editor,
        prompt: &'static str,
    ) -> Result<Option<Input>> {
        let mut output = Vec::new();
        editor.set_width(self.client.width);
        editor.begin(prompt);
        loop {
            let input = editor.take(&mut self.client.typed, &mut output);
            self.terminal.write.data_bytes(std::mem::take(&mut output)).await?;
            if input.is_some() || self.client.ended {
                return Ok(input);
            }
            self.client.receive().await;
            editor.set_width(self.client.width);
        }
    }

    /// Runs code, and prints what comes of it as it comes.
    async fn run(&mut self, code: &[u8]) -> Result<Outcome> {
        let failure = match self.script.take().map_or_else(|| Script::new(&self.mill), Ok) {
            Err(error) => Some(Failure::Error(error.to_string())),
            Ok(script) => match self.run_script(script, code.to_owned()).await? {
                None => {
                    let text = "the script does not stop: it is left behind, with all variables";
                    Some(Failure::Error(text.to_owned()))
                }
                Some((script, result)) => {
                    self.script = Some(script);
                    result.err()
                }
            },
        };
        Ok(match failure {
            None => Outcome::Done,
            Some(Failure::Incomplete) => Outcome::Incomplete,
            Some(Failure::Exit(status)) => Outcome::Exit(status),
            Some(Failure::Error(text)) => {
                self.terminal.print_error(&text).await?;
                Outcome::Failed
            }
        })
    }

    /// Runs code on a thread of its own. None if it was to stop and did not.
    async fn run_script(
        &mut self,
        script: Script,
        code: Vec<u8>,
    ) -> Result<Option<(Script, std::result::Result<(), Failure>)>> {
        let (output, printed) = async_channel::bounded(16);
        let (finish, finished) = async_channel::bounded(1);
        // However this future ends, dropped with the reactor included: the script ends, too.
        let stop = StopOnDrop(Stop::new());
        let run = Run { output, stop: stop.0.clone() };
        run_in_reactor(move || async move {
            unblock(move || {
                let result = script.run(&code, run);
                let _ = finish.try_send((script, result));
            })
            .await;
            Ok::<_, crochet::Error>(())
        })
        .detach();

        let Self { client, terminal, .. } = self;
        let relay = async {
            relay(&printed, terminal, &stop.0).await?;
            Ok(finished.recv().await.ok())
        };
        let interrupted = async {
            client.interrupted(terminal.pty).await;
            stop.0.set();
            Timer::after(GRACE).await;
            Ok(None)
        };
        or(relay, interrupted).await
    }
}

/// Prints what the script prints, to its end; from the stop on, only looks away.
async fn relay(printed: &Receiver<Vec<u8>>, terminal: &Terminal, stop: &Stop) -> Result<()> {
    let stopped = async {
        stop.wait().await;
        Result::Ok(())
    };
    let print = async {
        while let Ok(text) = printed.recv().await {
            terminal.print(&text).await?;
        }
        Ok(())
    };
    or(print, stopped).await?;
    while printed.recv().await.is_ok() {}
    Ok(())
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}
