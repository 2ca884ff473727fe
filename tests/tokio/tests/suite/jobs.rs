//! Jobs that use tokio: its sockets, timers and tasks.

use std::future::{pending, poll_fn};
use std::io;
use std::mem;
use std::panic::catch_unwind;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, Reactor};
use crochet_tokio_tests::{application, context, own};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;
use tokio::time::{sleep, timeout};

use crate::support::{Gate, LONG, limit};

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut word = [0; 4];
    stream.read_exact(&mut word).await?;
    stream.write_all(&word).await
}

/// Says a word to a server of its own, and hears it again.
async fn hear_an_echo() -> io::Result<[u8; 4]> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let echoed = tokio::spawn(async move { echo(&mut server.accept().await?.0).await });
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"wool").await?;
    let mut word = [0; 4];
    stream.read_exact(&mut word).await?;
    echoed.await??;
    Ok(word)
}

#[test]
fn sockets_and_spawned_tasks_work() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    assert_eq!(reactor.wait_for(LONG, hear_an_echo()).unwrap(), *b"wool");
    let not_send = reactor.run_in_reactor(|| async {
        let here = Rc::new(thread::current().id());
        let word = hear_an_echo().await?;
        assert_eq!(*here, thread::current().id());
        Ok::<_, io::Error>(word)
    });
    assert_eq!(not_send.join(LONG).unwrap(), *b"wool");
}

#[test]
fn timers_and_timeouts_work() {
    const PAUSE: Duration = Duration::from_millis(20);

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let start = Instant::now();
    let slept = reactor.wait_for(LONG, async {
        sleep(PAUSE).await;
        let late = timeout(PAUSE, pending::<()>()).await;
        Ok::<_, Error>(late.is_err())
    });
    assert!(slept.unwrap());
    assert!(start.elapsed() >= 2 * PAUSE);
}

#[test]
fn the_calls_timeout_strikes_a_job_that_waits_for_tokio() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let late: Result<(), Error> = reactor.wait_for(Duration::from_millis(100), async {
        sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    let late = late.unwrap_err().to_string();
    assert!(
        late.starts_with("timed out after ") && late.ends_with(": the job is waiting"),
        "{late}"
    );
}

#[test]
fn blocking_tasks_run_elsewhere() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let threads = reactor.wait_for(LONG, async {
        let there = tokio::task::spawn_blocking(|| thread::current().id()).await;
        Ok::<_, Error>((there.unwrap(), thread::current().id()))
    });
    let (there, here) = threads.unwrap();
    assert_ne!(there, here);
}

#[test]
fn all_reactors_share_one_runtime() {
    let _limit = limit(LONG);
    let contexts = [(); 3].map(|()| own());
    assert_eq!(contexts, [contexts[0]; 3]);
}

#[test]
fn what_a_job_made_is_of_use_after_its_reactor() {
    let _limit = limit(LONG);
    let maker = Reactor::new().unwrap();
    let (mut here, mut there) = maker
        .wait_for(LONG, async {
            let server = TcpListener::bind("127.0.0.1:0").await?;
            let here = TcpStream::connect(server.local_addr()?).await?;
            Ok::<_, io::Error>((here, server.accept().await?.0))
        })
        .unwrap();
    maker.shutdown(LONG).unwrap();
    let user = Reactor::new().unwrap();
    let echoed = user.run_in_reactor(|| async move { echo(&mut there).await });
    let word = user.wait_for(LONG, async {
        here.write_all(b"yarn").await?;
        let mut word = [0; 4];
        here.read_exact(&mut word).await?;
        Ok::<_, io::Error>(word)
    });
    assert_eq!(word.unwrap(), *b"yarn");
    echoed.join(LONG).unwrap();
}

#[test]
fn a_spawned_task_has_the_runtimes_thread_and_outlives_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (go_on, ended) = (Arc::new(AtomicBool::new(false)), Gate::new());
    let task = {
        let (go_on, ended) = (Arc::clone(&go_on), ended.clone());
        async move {
            while !go_on.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(1)).await;
            }
            ended.open();
            (thread::current().name().map(str::to_owned), crochet::in_reactor())
        }
    };
    let task = reactor.wait_for(LONG, async { Ok::<_, Error>(tokio::spawn(task)) }).unwrap();
    reactor.shutdown(LONG).unwrap();
    assert!(!ended.is_open());
    go_on.store(true, Ordering::Relaxed);
    ended.pass();
    let (name, in_reactor) = async_io::block_on(task).unwrap();
    assert_eq!((name.as_deref(), in_reactor), (Some("crochet-tokio"), false));
}

#[test]
fn a_nested_block_on_blocks_and_does_not_panic() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let nested = reactor.wait_for(LONG, async {
        let slept = Handle::current().block_on(async {
            sleep(Duration::from_millis(1)).await;
            5
        });
        Ok::<_, Error>((slept, tokio::task::block_in_place(|| 6)))
    });
    assert_eq!(nested.unwrap(), (5, 6));
}

#[test]
fn tokios_budget_does_not_apply_to_a_job() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let polls = reactor.wait_for(LONG, async {
        let mut polls = 0;
        let mut work = pin!(async {
            for _ in 0..10_000 {
                consume_budget().await;
            }
        });
        poll_fn(|cx| {
            polls += 1;
            work.as_mut().poll(cx)
        })
        .await;
        Ok::<_, Error>(polls)
    });
    assert_eq!(polls.unwrap(), 1);
}

#[test]
fn a_job_may_hold_another_runtimes_guard_while_it_awaits() {
    let _limit = limit(LONG);
    let other = application(2);
    let handle = other.handle().clone();
    let reactor = Reactor::new().unwrap();
    let contexts = reactor.run_in_reactor(move || async move {
        let guard = handle.enter();
        sleep(Duration::from_millis(5)).await;
        let inside = context();
        drop(guard);
        Ok::<_, Error>((inside, context()))
    });
    let expected = (Some(other.handle().id()), Some(own()));
    assert_eq!(contexts.join(LONG).unwrap(), expected);
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn a_job_that_leaks_a_guard_does_not_end_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let leaked = reactor.run_in_reactor(|| async {
        mem::forget(Handle::current().enter());
        Ok::<_, Error>(())
    });
    leaked.join(LONG).unwrap();
    reactor.wait_for(LONG, hear_an_echo()).unwrap();
    reactor.shutdown(LONG).unwrap();
}

/// The library looks for this text where the feature is off; its own tests
/// (`tests/api/job/tokio_hint.rs`) do without tokio.
#[test]
fn this_is_what_tokio_says_where_there_is_no_context() {
    assert_eq!(context(), None);
    let panic = catch_unwind(|| drop(sleep(Duration::ZERO))).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(|s| &**s)),
        Some("there is no reactor running, must be called from the context of a Tokio 1.x runtime")
    );
}
