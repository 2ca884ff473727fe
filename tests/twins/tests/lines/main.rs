//! A client of 15 methods, made blocking by the attribute and by hand: both do the same, and the attribute is shorter.

mod by_hand;
mod client;

use std::io::{self, ErrorKind};

/// Uses all that there is of a blocking client.
macro_rules! use_all {
    ($client:path) => {{
        use $client as Client;
        let client = Client::connect("localhost")?;
        assert_eq!(client.address(), "localhost");
        assert_eq!(client.watch("yarn").unwrap_err().kind(), ErrorKind::TimedOut);
        client.set("yarn", "wool")?;
        assert_eq!(client.get("yarn")?.as_deref(), Some("wool"));
        assert_eq!(client.get_all(&["needle", "yarn"])?, [None, Some("wool".to_owned())]);
        assert_eq!(client.swap("yarn", "silk")?.as_deref(), Some("wool"));
        client.rename("yarn", "thread")?;
        assert_eq!(client.rename("yarn", "x").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!((client.contains("yarn")?, client.watch("thread")?.as_str()), (false, "silk"));
        assert_eq!((client.add("rows", 40)?, client.add("rows", 2)?), (40, 42));
        let mut transaction = client.transaction();
        transaction.set("row-1", "knit");
        transaction.set("row-2", "purl");
        assert_eq!((client.len()?, transaction.commit()?, client.clone().len()?), (2, 2, 4));
        let keys: Vec<String> = client.keys("row").collect::<io::Result<_>>()?;
        assert_eq!(keys, ["row-1", "row-2", "rows"]);
        assert_eq!((client.remove("rows")?, client.remove("rows")?), (true, false));
        client.clear()?;
        assert_eq!(client.len()?, 0);
        Ok(())
    }};
}

#[test]
fn the_attribute_and_the_hand_do_the_same() -> io::Result<()> {
    let by_attribute = || -> io::Result<()> { use_all!(crate::client::blocking::Client) };
    let by_hand = || -> io::Result<()> { use_all!(crate::by_hand::Client) };
    by_attribute()?;
    by_hand()
}

#[test]
fn the_attribute_is_shorter() {
    let client = include_str!("client.rs");
    let (_, rest) = client.split_once("// begin: twin\n").unwrap();
    let (module, _) = rest.split_once("// end: twin\n").unwrap();
    let marked = client.lines().filter(|line| line.ends_with("// twin")).count();
    // Lines with something on them, from the first use of the crate on.
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let (by_attribute, by_hand) = (lines(module) + marked, lines(include_str!("by_hand.rs")) - 1);
    println!("the client's twin has {by_attribute} lines; by hand it had {by_hand}");
    assert!(by_attribute * 5 < by_hand, "{by_attribute} lines of {by_hand}");
}
