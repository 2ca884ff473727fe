impl blocking::Connection {
    /// Connects to a server, as in `localhost:6379`.
    ///
    /// This blocks; [`Connection::connect`] is async.
    #[track_caller]
    pub(crate) fn connect(address: &str) -> Result<Self> {
        ::crochet::__private::wait_for(
                ::core::time::Duration::new(5u64, 0u32),
                Connection::connect(address),
            )
            .map(|value| blocking::Connection(::crochet::__private::from_async(value)))
    }
    /// Returns the value of a key, if it has one.
    ///
    /// This blocks; [`Connection::get`] is async.
    #[track_caller]
    pub(crate) fn get(&mut self, key: &str) -> Result<Option<String>> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(5u64, 0u32),
            Connection::get(&mut self.0, key),
        )
    }
    /// Gives a key a value.
    ///
    /// This blocks; [`Connection::set`] is async.
    #[track_caller]
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<()> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(5u64, 0u32),
            Connection::set(&mut self.0, key, value),
        )
    }
    /// Takes the first item of a list, and waits until there is one.
    ///
    /// This blocks; [`Connection::pop`] is async.
    #[track_caller]
    pub(crate) fn pop(&mut self, list: &str) -> Result<Value> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(0u64, 200000000u32),
            Connection::pop(&mut self.0, list),
        )
    }
    /// Sends a message to all that have subscribed to a channel, and returns how many they are.
    ///
    /// This blocks; [`Connection::publish`] is async.
    #[track_caller]
    pub(crate) fn publish(&mut self, channel: &str, message: &str) -> Result<Value> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(5u64, 0u32),
            Connection::publish(&mut self.0, channel, message),
        )
    }
    /// Subscribes to a channel: the messages come as a stream.
    ///
    /// This blocks; [`Connection::subscribe`] is async.
    #[allow(clippy::type_complexity)]
    #[track_caller]
    pub(crate) fn subscribe(
        self,
        channel: &str,
    ) -> Result<::crochet::MergeErrors<impl Stream<Item = Result<String>> + Send>> {
        ::crochet::__private::wait_for(
                ::core::time::Duration::new(5u64, 0u32),
                Connection::subscribe(::crochet::__private::into_async(self.0), channel),
            )
            .map(|value| {
                ::crochet::iter(value)
                    .timeout(::core::time::Duration::new(5u64, 0u32))
                    .merge_errors()
            })
    }
    /// Starts to collect commands, which [`Pipeline::run`] sends together.
    ///
    /// The same as [`Connection::pipeline`] of the async API.
    pub(crate) fn pipeline(&mut self) -> blocking::Pipeline<'_> {
        blocking::Pipeline(
            ::crochet::__private::from_async(Connection::pipeline(&mut self.0)),
        )
    }
}
impl blocking::Pipeline<'_> {
    /// Adds a command.
    ///
    /// The same as [`Pipeline::add`] of the async API.
    pub(crate) fn add(&mut self, command: &[&str]) {
        Pipeline::add(&mut self.0, command)
    }
    /// Sends the commands, and returns their answers.
    ///
    /// This blocks; [`Pipeline::run`] is async.
    #[track_caller]
    pub(crate) fn run(self) -> Result<Vec<Value>> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(5u64, 0u32),
            Pipeline::run(::crochet::__private::into_async(self.0)),
        )
    }
}
