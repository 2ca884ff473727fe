//! A call of a blocking function where its original was meant. The help is rustc's, and no good: without the
//! `.await` the program compiles, and the call is refused when it is made.

use std::io;

struct Cache;

impl Cache {
    #[crochet::wait_for(timeout = 5.0)]
    async fn get(&self, key: &str) -> io::Result<String> {
        Ok(key.to_owned())
    }

    #[crochet::wait_for(timeout = 5.0)]
    async fn get_twice(&self, key: &str) -> io::Result<String> {
        Ok(self.get(key).await? + &self.get_async(key).await?)
    }
}

fn main() {
    let _ = Cache.get_twice("key");
}
