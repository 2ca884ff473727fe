//! Tests of the feature `tracing`, with a real subscriber; see `tests`. Here is what they share: a
//! subscriber that keeps what it hears.

use std::fmt;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Something that a subscriber hears. Spans go by their names.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A span is made, inside another one.
    New(&'static str, Option<&'static str>),
    /// A span follows from another one.
    Follows(&'static str, &'static str),
    /// A thread enters a span.
    Enter(&'static str),
    /// A thread leaves a span.
    Exit(&'static str),
    /// The last handle to a span is gone.
    Close(&'static str),
    /// An event, with its text, in a span.
    Event(String, Option<&'static str>),
}

/// An event in a span.
pub fn event(text: &str, span: &'static str) -> What {
    What::Event(text.to_owned(), Some(span))
}

/// What was heard, and on which thread.
pub type Heard = (What, ThreadId);

/// A subscriber, and all that it has heard.
/// In a forked child, it aborts when it is told anything.
#[derive(Clone)]
pub struct Recorder {
    process: u32,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// What was told of the last span: its level, its target and its fields.
    last_new: Arc<Mutex<Option<(Level, String, String)>>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("heard", &self.heard()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// A recorder that has heard nothing yet.
    pub fn new() -> Self {
        Self { process: process::id(), heard: Arc::default(), last_new: Arc::default() }
    }

    /// The subscriber, which tells this recorder what it hears up to that level.
    pub fn subscriber(&self, up_to: Level) -> Dispatch {
        Dispatch::new(Registry::default().with(Record { to: self.clone(), up_to }))
    }

    /// Runs `body` with the subscriber, on this thread.
    pub fn listen<R>(&self, body: impl FnOnce() -> R) -> R {
        tracing::dispatcher::with_default(&self.subscriber(Level::TRACE), body)
    }

    /// All that was heard, so far.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    /// The same, without the threads.
    pub fn story(&self) -> Vec<What> {
        self.heard().into_iter().map(|(what, _)| what).collect()
    }

    /// Level, target and fields of the last span that was made.
    pub fn last_new(&self) -> Option<(Level, String, String)> {
        lock(&self.last_new).clone()
    }

    fn hear(&self, what: What) {
        if process::id() != self.process {
            process::abort();
        }
        lock(&self.heard).push((what, thread::current().id()));
    }
}

struct Record {
    to: Recorder,
    up_to: Level,
}

/// Collects `name=value` pairs.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0 += &format!("{value:?}"),
            name => self.0 += &format!("{name}={value:?}"),
        }
    }
}

fn name<S: Subscriber + for<'a> LookupSpan<'a>>(cx: &Context<'_, S>, id: &Id) -> &'static str {
    cx.span(id).map_or("unknown", |span| span.name())
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Record {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.up_to
    }

    fn on_new_span(&self, new: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let parent = cx.span(id).and_then(|span| Some(span.parent()?.name()));
        let mut fields = Fields(String::new());
        new.record(&mut fields);
        let of = new.metadata();
        *lock(&self.to.last_new) = Some((*of.level(), of.target().to_owned(), fields.0));
        self.to.hear(What::New(of.name(), parent));
    }

    fn on_follows_from(&self, span: &Id, follows: &Id, cx: Context<'_, S>) {
        self.to.hear(What::Follows(name(&cx, span), name(&cx, follows)));
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let span = cx.event_span(event).map(|span| span.name());
        self.to.hear(What::Event(fields.0, span));
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        self.to.hear(What::Enter(name(&cx, id)));
    }

    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        self.to.hear(What::Exit(name(&cx, id)));
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        self.to.hear(What::Close(name(&cx, &id)));
    }
}
