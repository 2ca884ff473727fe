//! Blocking calls beside what people use instead: `cargo bench -p crochet-benches --bench compare`.
//!
//! Prints a table for each scenario: the median of five processes, in turn with those of the
//! others, and how it compares with crochet's; and draws the chart of the README. With names of
//! scenarios as arguments (`ready`, `echo`, `callers-64`, ...) only these, and no chart; `busy` is all
//! that begin with it. `ROUNDS=1` is quicker. `--measure busy-echo crochet` is one process for one
//! figure, and prints the median, the mean, the 99th percentile and the CPU time of a call, in
//! nanoseconds. On an idle machine: the busy scenarios make it busy themselves.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crochet_benches::busy::{BURN, burn};
use crochet_benches::peers::Peer;
use crochet_benches::report::{Row, chart, machine, rounds_beside, table, text_bars};
use crochet_benches::scenarios::{Figures, Scenario, cache_line, park_unpark};
use crochet_benches::servers::echo_server;

fn main() {
    let began = Instant::now();
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["--serve", micros] => serve(micros.parse().expect("microseconds")),
        [BURN] => burn(),
        ["--limits"] => println!("{} 0 {} 0", cache_line(), park_unpark()),
        ["--measure", scenario, peer, ref server @ ..] => {
            let scenario = named(scenario);
            let peer = Peer::ALL.into_iter().find(|other| other.name() == peer).expect("a peer");
            let given = server.first().map(|address| address.parse().expect("an address"));
            let own = given.is_none().then(|| Server::start(scenario.delay()));
            let server = given.or(own.as_ref().map(|own| own.address));
            let Figures { wall, mean, p99, cpu } = scenario.run(peer, server, began);
            println!("{wall} {mean} {p99} {cpu}");
        }
        ref names => compare(names),
    }
}

fn named(name: &str) -> Scenario {
    let mut all = Scenario::ALL.into_iter();
    all.find(|scenario| scenario.name() == name).unwrap_or_else(|| panic!("no scenario {name}"))
}

fn serve(micros: u64) {
    println!("{}", echo_server(Duration::from_micros(micros)).expect("a server"));
    // Until the parent closes its end, or is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// An echo server in a process of its own, which ends with this value.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(delay: Duration) -> Self {
        let mut process = this_program()
            .args(["--serve", &delay.as_micros().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("an address");
        Self { address: line.trim().parse().expect("an address"), process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn this_program() -> Command {
    Command::new(env::current_exe().expect("a path"))
}

/// Runs this program, and reads the four numbers it prints.
fn figures(arguments: &[&str]) -> Figures {
    let output = this_program().args(arguments).stderr(Stdio::inherit()).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("text");
    let numbers: Vec<f64> =
        text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    Figures { wall: numbers[0], mean: numbers[1], p99: numbers[2], cpu: numbers[3] }
}

fn compare(names: &[&str]) {
    let rounds: usize = env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let mut scenarios: Vec<_> = names
        .iter()
        .flat_map(|name| match *name {
            "busy" => Scenario::ALL
                .into_iter()
                .filter(|other| matches!(other, Scenario::Busy(_)))
                .collect(),
            name => vec![named(name)],
        })
        .collect();
    if scenarios.is_empty() {
        scenarios = Scenario::ALL.to_vec();
    }
    let servers =
        [Duration::ZERO, Scenario::SlowEcho.delay()].map(|delay| (delay, Server::start(delay)));
    let mut seen: HashMap<(String, &str), Vec<Figures>> = HashMap::new();
    let mut limits = Vec::new();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        limits.push(figures(&["--limits"]));
        for &scenario in &scenarios {
            // What is counted over ten seconds, or a million jobs, is done once.
            let once = matches!(scenario, Scenario::Idle | Scenario::Pending);
            if once && round > 1 {
                continue;
            }
            for peer in Peer::ALL.into_iter().filter(|&peer| scenario.applies_to(peer)) {
                let server = servers.iter().find(|(delay, _)| *delay == scenario.delay());
                let (_, server) = server.expect("one for each delay");
                let (name, address) = (scenario.name(), server.address.to_string());
                let figures = figures(&["--measure", &name, peer.name(), &address]);
                seen.entry((name, peer.name())).or_default().push(figures);
            }
        }
    }
    println!("{}; medians of {rounds} processes each, in turn", machine());
    println!(
        "limits: a cache line to another core and back {:.0} ns, park/unpark there and back {:.0} ns",
        median(&limits, |figures| figures.wall),
        median(&limits, |figures| figures.p99)
    );
    let rows = |scenario: Scenario| -> Vec<Row> {
        let row = |peer: Peer| {
            let values = seen.get(&(scenario.name(), peer.name()))?;
            let figures = Figures {
                wall: median(values, |figures| figures.wall),
                mean: median(values, |figures| figures.mean),
                p99: median(values, |figures| figures.p99),
                cpu: median(values, |figures| figures.cpu),
            };
            Some(Row { peer, figures })
        };
        Peer::ALL.into_iter().filter_map(row).collect()
    };
    for &scenario in &scenarios {
        print!("{}", table(scenario, &rows(scenario)));
        if let Scenario::Busy(_) = scenario {
            let of =
                |peer: Peer| seen.get(&(scenario.name(), peer.name())).map_or(&[][..], |all| all);
            print!("{}", rounds_beside(of(Peer::Crochet), of(Peer::TokioThread)));
        }
    }
    if names.is_empty() {
        let charted = [Scenario::Ready, Scenario::Echo, Scenario::Callers(64), Scenario::Burst];
        let hops = |scenario: Scenario| {
            let mut rows = rows(scenario);
            rows.retain(|row| scenario == Scenario::Echo || !row.peer.is_local());
            (scenario, rows)
        };
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/speed.svg");
        let groups = charted.map(hops);
        std::fs::write(path, chart(&groups, &machine())).expect("docs/ is there");
        println!("\nthe chart is in docs/speed.svg; in text:\n\n{}", text_bars(&groups));
    }
}

fn median(values: &[Figures], of: fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<_> = values.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
