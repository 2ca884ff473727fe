//! The table and the chart.

use std::fmt::Write as _;
use std::fs;

use crate::peers::Peer;
use crate::scenarios::{Figures, Scenario};

/// One line of a scenario's table: medians.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The way to call.
    pub peer: Peer,
    /// Its figures.
    pub figures: Figures,
}

/// The table of one scenario, with ratios to crochet's own figures.
#[must_use]
pub fn table(scenario: Scenario, rows: &[Row]) -> String {
    if scenario == Scenario::Idle {
        let counts = rows.iter().map(|row| format!("{} {}", row.peer.name(), row.figures.wall));
        let counts: Vec<_> = counts.collect();
        return format!("\n{}: {}\n", scenario.title(), counts.join("; "));
    }
    if let Scenario::Busy(_) = scenario {
        return busy_table(scenario, rows);
    }
    let ours = rows.iter().find(|row| row.peer == Peer::Crochet);
    let mut text = format!("\n{}\n", scenario.title());
    let extra = if scenario == Scenario::Pending { "bytes a job" } else { "p99" };
    let _ = writeln!(
        text,
        "  {:26}{:>12}{:>10}{extra:>14}{:>14}{:>14}",
        "", "time", "ratio", "CPU", "per second"
    );
    for Row { peer, figures } in rows {
        let ratio = ours.map_or(f64::NAN, |ours| figures.wall / ours.figures.wall);
        let p99 = match scenario {
            Scenario::Pending => format!("{:.0}", figures.p99),
            _ if figures.p99 > 0.0 => time(figures.p99),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  {:26}{:>12}{:>9.2}x{p99:>14}{:>14}{:>14.0}{}",
            peer.name(),
            time(figures.wall),
            ratio,
            time(figures.cpu),
            1e9 / figures.wall,
            if peer.is_local() { "  (no hop: on the caller's thread)" } else { "" },
        );
    }
    text
}

/// The same where the mean is not the median.
fn busy_table(scenario: Scenario, rows: &[Row]) -> String {
    let ours = rows.iter().find(|row| row.peer == Peer::Crochet);
    let mut text = format!("\n{}\n", scenario.title());
    let _ = writeln!(
        text,
        "  {:26}{:>12}{:>12}{:>10}{:>12}{:>12}",
        "", "median", "mean", "ratio", "p99", "CPU"
    );
    for Row { peer, figures } in rows {
        let ratio = ours.map_or(f64::NAN, |ours| figures.mean / ours.figures.mean);
        let _ = writeln!(
            text,
            "  {:26}{:>12}{:>12}{:>9.2}x{:>12}{:>12}",
            peer.name(),
            time(figures.wall),
            time(figures.mean),
            ratio,
            time(figures.p99),
            time(figures.cpu),
        );
    }
    text
}

/// How crochet compares with a peer in each round.
#[must_use]
pub fn rounds_beside(ours: &[Figures], peers: &[Figures]) -> String {
    let mut text = String::from("  crochet's part of tokio's (own thread), round by round:\n");
    type Part = (&'static str, fn(&Figures) -> f64);
    let parts: [Part; 3] = [
        ("mean", |figures| figures.mean),
        ("p99", |figures| figures.p99),
        ("CPU", |figures| figures.cpu),
    ];
    for (name, part) in parts {
        let _ = write!(text, "  {name:26}");
        for (ours, peer) in ours.iter().zip(peers) {
            let _ = write!(text, "{:>9.2}x", part(ours) / part(peer));
        }
        text.push('\n');
    }
    text
}

fn time(nanos: f64) -> String {
    match nanos {
        ..1e4 => format!("{nanos:.0} ns"),
        1e4..1e7 => format!("{:.1} us", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}

/// The machine, in one line.
#[must_use]
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let model = model.unwrap_or(std::env::consts::ARCH);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let version: Vec<_> = release.trim().split('.').take(2).collect();
    format!("{cores} cores, {model}, {} {}", std::env::consts::OS, version.join("."))
}

/// The same as bars of text, for the README.
#[must_use]
pub fn text_bars(groups: &[(Scenario, Vec<Row>)]) -> String {
    /// Characters of the longest bar.
    const WIDTH: f64 = 40.0;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let mut text = String::new();
    for (scenario, rows) in groups {
        let longest = rows.iter().map(|row| row.figures.wall).fold(1.0, f64::max);
        let _ = writeln!(text, "{}", scenario.title());
        for Row { peer, figures } in rows {
            let eighths = ((figures.wall / longest * WIDTH * 8.0).round() as usize).max(1);
            let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
            let micros = figures.wall / 1e3;
            let digits = if micros < 10.0 { 2 } else { 1 };
            let _ = writeln!(text, "  {:24} {bar} {micros:.digits$} µs", peer.name());
        }
        text.push('\n');
    }
    text
}

/// A chart of some scenarios: bars of time, the shorter the better, each group in its own scale.
#[must_use]
pub fn chart(groups: &[(Scenario, Vec<Row>)], machine: &str) -> String {
    const LEFT: f64 = 190.0;
    const WIDTH: f64 = 380.0;
    let mut body = String::new();
    let mut y = 30.0;
    for (scenario, rows) in groups {
        let longest = rows.iter().map(|row| row.figures.wall).fold(1.0, f64::max);
        let _ = writeln!(body, r#"<text x="10" y="{y}" class="title">{}</text>"#, scenario.title());
        for Row { peer, figures } in rows {
            y += 20.0;
            let bar = (figures.wall / longest * WIDTH).max(1.0);
            let class = if *peer == Peer::Crochet { "ours" } else { "other" };
            let (name, value) = (peer.name(), time(figures.wall));
            let _ = writeln!(
                body,
                r#"<text x="{}" y="{}" class="name">{name}</text><rect x="{LEFT}" y="{}" width="{bar:.1}" height="14" class="{class}"/><text x="{:.1}" y="{}">{value}</text>"#,
                LEFT - 8.0,
                y + 1.0,
                y - 10.0,
                LEFT + bar + 6.0,
                y + 1.0,
            );
        }
        y += 40.0;
    }
    let _ = writeln!(
        body,
        r#"<text x="10" y="{y}" class="note">{machine}; medians; less is better</text>"#
    );
    y += 18.0;
    let _ = writeln!(
        body,
        r#"<text x="10" y="{y}" class="note">ready jobs: without what polls on the caller's own thread, as that needs no hop</text>"#
    );
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 {:.0}" font-family="sans-serif" font-size="12">
<style>text{{fill:#333}}.title{{font-weight:bold;font-size:13px}}.name{{text-anchor:end}}.note{{fill:#777}}.ours{{fill:#2a7d6f}}.other{{fill:#b9c2c9}}</style>
<rect width="100%" height="100%" fill="#fff"/>
{body}</svg>
"##,
        y + 15.0
    )
}
