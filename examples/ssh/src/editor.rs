//! A line editor for a terminal that is somewhere else: it takes bytes and gives bytes.

use std::collections::VecDeque;
use std::mem;

use unicode_width::UnicodeWidthChar;

/// What came of the keys.
#[derive(Debug, PartialEq)]
pub(crate) enum Input {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, in an empty line.
    End,
}

/// A longer line is cut.
const LINE: usize = 16 << 10;
/// Older lines are forgotten.
const HISTORY: usize = 1000;

#[derive(Default)]
pub(crate) struct Editor {
    prompt: &'static str,
    line: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// The line of the history that is shown, and what was typed before it was.
    recalled: Option<(usize, Vec<char>)>,
    width: usize,
    /// The terminal's row that the cursor is in, from that of the prompt.
    row: usize,
}

enum Key {
    Char(char),
    Enter,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    /// A letter, with Ctrl.
    Ctrl(u8),
    Other,
}

impl Editor {
    pub(crate) fn new(width: usize) -> Self {
        let mut editor = Self::default();
        editor.set_width(width);
        editor
    }

    /// Begins a line.
    pub(crate) fn begin(&mut self, prompt: &'static str) {
        self.prompt = prompt;
        self.line.clear();
        self.cursor = 0;
        self.row = 0;
        self.recalled = None;
    }

    pub(crate) fn set_width(&mut self, width: usize) {
        // A terminal that does not know has none.
        self.width = if width == 0 { 80 } else { width };
        self.row = self.columns(self.cursor) / self.width;
    }

    /// Takes keys until a line is complete. Then, and when there are none left, the terminal is up
    /// to date.
    pub(crate) fn take(&mut self, typed: &mut VecDeque<u8>, output: &mut Vec<u8>) -> Option<Input> {
        let input = loop {
            match next_key(typed) {
                None => break None,
                Some(key) => {
                    if let Some(input) = self.press(key, output) {
                        break Some(input);
                    }
                }
            }
        };
        match input {
            None => self.draw(output),
            Some(_) => {
                self.cursor = self.line.len();
                self.draw(output);
                let mark: &[u8] = if input == Some(Input::Interrupt) { b"^C" } else { b"" };
                output.extend_from_slice(mark);
                output.extend_from_slice(b"\r\n");
            }
        }
        input
    }

    fn press(&mut self, key: Key, output: &mut Vec<u8>) -> Option<Input> {
        match key {
            Key::Enter => {
                let line: String = self.line.iter().collect();
                self.remember(&line);
                return Some(Input::Line(line));
            }
            Key::Ctrl(b'C') => return Some(Input::Interrupt),
            Key::Ctrl(b'D') if self.line.is_empty() => return Some(Input::End),
            Key::Char(char) if self.line.len() < LINE => {
                self.line.insert(self.cursor, char);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.line.remove(self.cursor);
            }
            Key::Delete | Key::Ctrl(b'D') if self.cursor < self.line.len() => {
                self.line.remove(self.cursor);
            }
            Key::Left | Key::Ctrl(b'B') => self.cursor = self.cursor.saturating_sub(1),
            Key::Right | Key::Ctrl(b'F') => self.cursor = (self.cursor + 1).min(self.line.len()),
            Key::Home | Key::Ctrl(b'A') => self.cursor = 0,
            Key::End | Key::Ctrl(b'E') => self.cursor = self.line.len(),
            Key::Up | Key::Ctrl(b'P') => self.recall(-1),
            Key::Down | Key::Ctrl(b'N') => self.recall(1),
            Key::Ctrl(b'K') => self.line.truncate(self.cursor),
            Key::Ctrl(b'U') => self.line.drain(..mem::take(&mut self.cursor)).for_each(drop),
            Key::Ctrl(b'W') => {
                let before = &self.line[..self.cursor];
                let word = before.iter().rposition(|char| *char != ' ').unwrap_or(0);
                let start = before[..word].iter().rposition(|char| *char == ' ');
                let start = start.map_or(0, |blank| blank + 1);
                self.line.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Ctrl(b'L') => {
                output.extend_from_slice(b"\x1b[H\x1b[2J");
                self.row = 0;
            }
            _ => {}
        }
        None
    }

    fn remember(&mut self, line: &str) {
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            if self.history.len() == HISTORY {
                self.history.remove(0);
            }
            self.history.push(line.to_owned());
        }
    }

    /// Shows the line of the history that is so many further on than the one shown now.
    fn recall(&mut self, by: isize) {
        let end = self.history.len();
        let now = self.recalled.as_ref().map_or(end, |(index, _)| *index);
        let Some(index) = now.checked_add_signed(by).filter(|index| *index <= end) else { return };
        let (_, typed) = self.recalled.take().unwrap_or_else(|| (end, self.line.clone()));
        if index == end {
            self.line = typed;
        } else {
            self.line = self.history[index].chars().collect();
            self.recalled = Some((index, typed));
        }
        self.cursor = self.line.len();
    }

    /// The columns that the prompt and so many characters take, in one row without end.
    fn columns(&self, chars: usize) -> usize {
        let width = |char: char| char.width().unwrap_or(0);
        let line = self.line[..chars].iter().copied();
        self.prompt.chars().chain(line).map(width).sum()
    }

    fn draw(&mut self, output: &mut Vec<u8>) {
        let mut text = String::new();
        let move_by = |text: &mut String, count: usize, direction: char| {
            if count > 0 {
                text.push_str(&format!("\x1b[{count}{direction}"));
            }
        };
        move_by(&mut text, self.row, 'A');
        text.push_str("\r\x1b[J"); // to the first column, and all is empty from there
        text.push_str(self.prompt);
        text.extend(&self.line);
        let (at, end) = (self.columns(self.cursor), self.columns(self.line.len()));
        if end > 0 && end % self.width == 0 {
            // After its last column, a terminal stays in the row until the next character.
            text.push_str("\r\n");
        }
        self.row = at / self.width;
        if at < end {
            move_by(&mut text, end / self.width - self.row, 'A');
            text.push('\r');
            move_by(&mut text, at % self.width, 'C');
        }
        output.extend_from_slice(text.as_bytes());
    }
}

/// Takes the next key, if all of it is there.
fn next_key(typed: &mut VecDeque<u8>) -> Option<Key> {
    let first = *typed.front()?;
    let (key, length) = match first {
        b'\r' | b'\n' => (Key::Enter, 1),
        0x7f | 0x08 => (Key::Backspace, 1),
        b'\t' => (Key::Char(' '), 1),
        0x1b => return escape_sequence(typed),
        0..0x20 => (Key::Ctrl(first | 0x40), 1),
        _ => return utf8(first, typed),
    };
    typed.drain(..length);
    Some(key)
}

fn escape_sequence(typed: &mut VecDeque<u8>) -> Option<Key> {
    let length = match typed.get(1)? {
        b'O' => 3,
        b'[' => 3 + typed.iter().skip(2).position(|byte| (0x40..0x7f).contains(byte))?,
        _ => 2,
    };
    if typed.len() < length {
        return None;
    }
    let sequence: Vec<u8> = typed.drain(..length).skip(1).collect();
    Some(match sequence.as_slice() {
        b"[A" | b"OA" => Key::Up,
        b"[B" | b"OB" => Key::Down,
        b"[C" | b"OC" => Key::Right,
        b"[D" | b"OD" => Key::Left,
        b"[H" | b"OH" | b"[1~" | b"[7~" => Key::Home,
        b"[F" | b"OF" | b"[4~" | b"[8~" => Key::End,
        b"[3~" => Key::Delete,
        _ => Key::Other,
    })
}

fn utf8(first: u8, typed: &mut VecDeque<u8>) -> Option<Key> {
    let length = match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    if typed.len() < length {
        return None;
    }
    let bytes: Vec<u8> = typed.drain(..length).collect();
    let char = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
    Some(char.map_or(Key::Other, Key::Char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor() -> Editor {
        let mut editor = Editor::new(80);
        editor.begin("> ");
        editor
    }

    /// The line that comes of the keys and Enter.
    #[track_caller]
    fn line(editor: &mut Editor, keys: &str) -> String {
        let mut typed: VecDeque<u8> = format!("{keys}\r").into_bytes().into();
        match editor.take(&mut typed, &mut Vec::new()) {
            Some(Input::Line(line)) => {
                editor.begin("> ");
                line
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_edit_the_line() {
        for (keys, expected) in [
            ("abc\x1b[D\x1b[Dx", "axbc"),
            ("abc\x7f\x08d", "ad"),
            ("abc\x01x\x05y", "xabcy"),
            ("abc\x1b[Hx\x1b[Fy", "xabcy"),
            ("abc\x1b[1~\x1b[3~", "bc"),
            ("abc\x02\x02\x0b", "a"),
            ("abc\x02\x15", "c"),
            ("one two  \x17x", "one x"),
            ("\x17\x7f\x1b[Da", "a"),
            ("häß→\x1b[D\x7f", "hä→"),
            // Unknown keys, and Tab.
            ("a\x1b[15~\x1b[1;5A\x1bx\x07\tb", "a b"),
        ] {
            assert_eq!(line(&mut editor(), keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn a_key_may_come_in_pieces() {
        let mut editor = editor();
        let mut typed = VecDeque::new();
        let mut output = Vec::new();
        for byte in "aä\x1b[Db".bytes() {
            typed.push_back(byte);
            assert_eq!(editor.take(&mut typed, &mut output), None);
        }
        assert_eq!(line(&mut editor, ""), "abä");
    }

    #[test]
    fn the_history_keeps_the_unfinished_line_and_no_doubles() {
        let mut editor = editor();
        for text in ["one", "two", "two", " "] {
            line(&mut editor, text);
        }
        assert_eq!(line(&mut editor, "\x1b[A\x1b[A\x1b[A\x1b[A"), "one");
        assert_eq!(line(&mut editor, "un\x10\x10\x0e\x0edone\x1b[B"), "undone");
    }

    #[test]
    fn ctrl_c_and_ctrl_d_are_told_and_the_rest_stays() {
        let mut editor = editor();
        let mut output = Vec::new();
        let mut typed: VecDeque<u8> = b"ab\x04\x03\x04rest".to_vec().into();
        assert_eq!(editor.take(&mut typed, &mut output), Some(Input::Interrupt));
        editor.begin("> ");
        assert_eq!(editor.take(&mut typed, &mut output), Some(Input::End));
        assert_eq!(typed, b"rest");
    }

    #[test]
    fn the_cursor_finds_its_row() {
        let mut editor = Editor::new(10);
        editor.begin("> ");
        let mut draw = |keys: &str| {
            let mut output = Vec::new();
            editor.take(&mut keys.as_bytes().to_vec().into(), &mut output);
            String::from_utf8(output).unwrap()
        };
        // Ten columns: the cursor is in the next row.
        assert_eq!(draw("12345678"), "\r\x1b[J> 12345678\r\n");
        assert_eq!(draw("9"), "\x1b[1A\r\x1b[J> 123456789");
        assert_eq!(draw("\x1b[D\x1b[D"), "\x1b[1A\r\x1b[J> 123456789\x1b[1A\r\x1b[9C");
        // A wide character takes two columns.
        assert_eq!(draw("\x15語"), "\r\x1b[J> 語89\r\x1b[4C");
    }
}
