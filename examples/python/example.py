"""Uses `lineclient`, an extension module in Rust, against the server whose address is the argument."""

import signal
import sys
import threading

import lineclient

client = lineclient.Client(sys.argv[1], timeout=5.0)
print("ask:", client.ask("echo hello"))

try:
    client.ask("never", timeout=0.1)
except TimeoutError as error:
    print("a timeout is a TimeoutError:", error)

answer = client.start("slow 0.3 done")
print("started, and meanwhile the program counts:", *range(1, 4))
print("the answer:", answer.wait())

print("follow:", *client.follow("count 5 10"))

# The panic's own message goes to standard error, as any panic's does.
try:
    client.ask("two\nlines")
except BaseException as error:
    print("a panic is an exception:", error)

print(
    "waiting for an answer that never comes; Ctrl-C ends that, and so does the example's own, in half a second",
    flush=True,
)
# Not `os.kill`, which ends the process at once on Windows.
threading.Timer(0.5, signal.raise_signal, (signal.SIGINT,)).start()
try:
    client.ask("never", timeout=3600.0)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
