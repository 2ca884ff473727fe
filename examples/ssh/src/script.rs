//! Lua, with the application's objects. It blocks, so it belongs on a thread of `unblock`; and it
//! has limits, since what is typed at a prompt may be an endless loop.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_channel::Sender;
use async_io::Timer;
use crochet::{run_in_reactor, unblock};
use futures_lite::future::or;
use mlua::{
    HookTriggers, Lua, LuaOptions, MetaMethod, StdLib, UserData, UserDataFields, UserDataMethods,
    Value, Variadic, VmState,
};

use crate::mill::{self, Mill};
use crate::show::show;
use crate::stop::Stop;

/// What a script's variables may take, in bytes.
const MEMORY: usize = 64 << 20;
/// How many instructions a run may take: a second or two, without optimisation.
const INSTRUCTIONS: u64 = 200_000_000;
/// After so many of them, each time, a run looks whether it is to stop.
const STEP: u32 = 1000;

const HELP: &str = "\
app              the application; print it, or look at
  app.rows         the rows knitted so far
  app.pace         milliseconds for a row; assign, to change it
  app.paused       whether it rests: app:pause(), app:resume()
  app.knitters     its threads: app.knitters[1].name; .rows can be assigned
resolve(host)    the host's addresses; takes five seconds at the most
sleep(seconds)   does nothing, until Ctrl-C at the latest
exit([status])   leaves, as Ctrl-D does
The language is Lua 5.4, without files and processes: https://www.lua.org/manual/5.4/";

/// A finalizer runs whenever there is garbage, the end of a session included, and no limit holds
/// for it.
const NO_FINALIZERS: &str = "\
local set, get, error, type = setmetatable, rawget, error, type
function setmetatable(object, metatable)
  if type(metatable) == 'table' and get(metatable, '__gc') ~= nil then
    error('there are no finalizers (__gc) here', 0)
  end
  return set(object, metatable)
end";

/// One session's Lua: its variables stay from run to run.
pub(crate) struct Script(Lua);

/// What belongs to one run: where it prints, and what stops it.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) output: Sender<Vec<u8>>,
    pub(crate) stop: Stop,
}

/// Why a run did not come to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The code goes on in the next line.
    Incomplete,
    Error(String),
    /// `exit` was called, with this status.
    Exit(u8),
}

impl Script {
    pub(crate) fn new(mill: &Arc<Mill>) -> mlua::Result<Self> {
        use StdLib as Lib;
        let libraries = Lib::COROUTINE | Lib::MATH | Lib::STRING | Lib::TABLE | Lib::UTF8;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let globals = lua.globals();
        // Two of these read files, and all three take bytecode, which can do anything to the
        // process.
        for name in ["dofile", "load", "loadfile"] {
            globals.set(name, Value::Nil)?;
        }
        lua.load(NO_FINALIZERS).exec()?;
        globals.set("app", App(Arc::clone(mill)))?;
        globals.set("print", lua.create_function(print)?)?;
        globals.set("help", Help)?;
        globals.set("exit", lua.create_function(exit)?)?;
        globals.set("sleep", lua.create_function(sleep)?)?;
        globals.set("resolve", lua.create_function(resolve)?)?;
        lua.set_memory_limit(MEMORY)?;
        Ok(Self(lua))
    }

    /// Runs code, and prints the values that it returns; those of an expression, too.
    pub(crate) fn run(&self, code: &[u8], run: Run) -> Result<(), Failure> {
        let lua = &self.0;
        let stop = run.stop.clone();
        lua.set_app_data(run);
        let result = self.evaluate(code, stop);
        // The end of the output: this was its last sender.
        lua.remove_app_data::<Run>();
        result.map_err(|error| match error.downcast_ref() {
            Some(Exit(status)) => Failure::Exit(*status),
            None => match error {
                mlua::Error::SyntaxError { incomplete_input: true, .. } => Failure::Incomplete,
                error => Failure::Error(describe(&error)),
            },
        })
    }

    fn evaluate(&self, code: &[u8], stop: Stop) -> mlua::Result<()> {
        let lua = &self.0;
        let load = |code: &[u8]| lua.load(code).set_name("=code").into_function();
        let function = load(&[b"return ", code].concat()).or_else(|_| load(code))?;
        limit(lua, stop)?;
        let values: Variadic<Value> = function.call(())?;
        if values.is_empty() {
            return Ok(());
        }
        let values: Vec<String> = values.iter().map(show).collect::<mlua::Result<_>>()?;
        write(lua, values.join("\t").into())
    }
}

impl Drop for Script {
    /// There may be much to free, so not here: the clone, which goes last, goes on another thread.
    fn drop(&mut self) {
        let lua = self.0.clone();
        run_in_reactor(|| async {
            unblock(|| drop(lua)).await;
            Ok::<_, crochet::Error>(())
        })
        .detach();
    }
}

/// Has what runs from now on end with an error, when it takes too long or is to stop.
fn limit(lua: &Lua, stop: Stop) -> mlua::Result<()> {
    let steps = AtomicU64::new(0);
    let every = |count| HookTriggers::new().every_nth_instruction(count);
    lua.set_global_hook(every(STEP), move |lua, _| {
        let steps = steps.fetch_add(1, Ordering::Relaxed);
        let why = if stop.is_set() {
            "stopped".to_owned()
        } else if steps >= INSTRUCTIONS / u64::from(STEP) {
            format!("stopped after {} million instructions", INSTRUCTIONS / 1_000_000)
        } else {
            return Ok(VmState::Continue);
        };
        // The script may catch the error. Then it meets with it at once again, and at last outside.
        let again = why.clone();
        lua.set_global_hook(every(1), move |_, _| Err(mlua::Error::runtime(&again)))?;
        Err(mlua::Error::runtime(why))
    })
}

/// The error's message, without the traceback that mlua adds to it.
fn describe(error: &mlua::Error) -> String {
    let text = match error {
        mlua::Error::CallbackError { cause, .. } => return describe(cause),
        mlua::Error::RuntimeError(text) => text.clone(),
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let text = text.split_once("\nstack traceback:").map_or(text.as_str(), |(text, _)| text);
    text.to_owned()
}

fn current(lua: &Lua) -> mlua::Result<Run> {
    let run = lua.app_data_ref::<Run>().map(|run| run.clone());
    run.ok_or_else(|| mlua::Error::runtime("no code is running"))
}

/// Blocks while the client is slow to take what there is.
fn write(lua: &Lua, mut text: Vec<u8>) -> mlua::Result<()> {
    text.push(b'\n');
    let Run { output, stop } = current(lua)?;
    if stop.is_set() {
        return Err(mlua::Error::runtime("stopped"));
    }
    output.send_blocking(text).map_err(|_| mlua::Error::runtime("stopped"))
}

fn print(lua: &Lua, values: Variadic<Value>) -> mlua::Result<()> {
    let mut text = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push(b'\t');
        }
        match value {
            Value::String(string) => text.extend_from_slice(&string.as_bytes()),
            value => text.extend_from_slice(value.to_string()?.as_bytes()),
        }
    }
    write(lua, text)
}

#[derive(Debug)]
struct Exit(u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit({})", self.0)
    }
}

impl std::error::Error for Exit {}

fn exit(_: &Lua, status: Option<u8>) -> mlua::Result<()> {
    Err(mlua::Error::external(Exit(status.unwrap_or(0))))
}

/// Blocks, and yet it can be stopped: the timer is a future, and so is the stop.
fn sleep(lua: &Lua, seconds: f64) -> mlua::Result<()> {
    let time = Duration::try_from_secs_f64(seconds).map_err(mlua::Error::external)?;
    let stop = current(lua)?.stop;
    let timer = async {
        Timer::after(time).await;
        Ok(())
    };
    let stopped = async {
        stop.wait().await;
        Err(io::Error::other("stopped"))
    };
    crochet::wait_for(Duration::MAX, or(timer, stopped)).map_err(mlua::Error::external)
}

/// A blocking function of the application. That it runs a future on the reactor does not show.
fn resolve(_: &Lua, host: String) -> mlua::Result<Vec<String>> {
    let addresses = mill::resolve(&host)
        .map_err(|error| mlua::Error::runtime(format!("cannot resolve {host}: {error}")))?;
    Ok(addresses.iter().map(ToString::to_string).collect())
}

/// Both `help` and `help()` tell.
struct Help;

impl UserData for Help {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, _, ()| Ok(HELP));
        methods.add_meta_method(MetaMethod::Call, |lua, _, ()| write(lua, HELP.into()));
    }
}

/// The application, as a script sees it.
struct App(Arc<Mill>);

impl UserData for App {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("rows", |_, App(mill)| Ok(mill.rows()));
        fields.add_field_method_get("paused", |_, App(mill)| Ok(mill.settings().paused));
        fields.add_field_method_get("pace", |_, App(mill)| {
            Ok(u64::try_from(mill.settings().pace.as_millis()).unwrap_or(u64::MAX))
        });
        fields.add_field_method_set("pace", |_, App(mill), milliseconds: u32| {
            if milliseconds == 0 {
                return Err(mlua::Error::runtime("a row takes a millisecond at least"));
            }
            mill.set_pace(Duration::from_millis(milliseconds.into()));
            Ok(())
        });
        fields.add_field_method_get("knitters", |_, App(mill)| {
            let knitters = 0..mill.knitters.len();
            Ok(knitters.map(|index| Knitter(Arc::clone(mill), index)).collect::<Vec<_>>())
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("pause", |_, App(mill), ()| {
            mill.pause(true);
            Ok(())
        });
        methods.add_method("resume", |_, App(mill), ()| {
            mill.pause(false);
            Ok(())
        });
        methods.add_meta_method(MetaMethod::ToString, |_, App(mill), ()| Ok(mill.to_string()));
    }
}

struct Knitter(Arc<Mill>, usize);

impl Knitter {
    fn get(&self) -> &mill::Knitter {
        &self.0.knitters[self.1]
    }
}

impl UserData for Knitter {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("name", |_, knitter| Ok(knitter.get().name));
        fields.add_field_method_get("rows", |_, knitter| Ok(knitter.get().rows()));
        fields.add_field_method_set("rows", |_, knitter, rows: u64| {
            knitter.get().set_rows(rows);
            Ok(())
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods
            .add_meta_method(MetaMethod::ToString, |_, knitter, ()| Ok(knitter.get().to_string()));
    }
}
