//! Values of Lua, as the prompt shows them: tables with what is in them.

use mlua::{Table, Value};

/// Deeper tables, and longer ones, are shown in part.
const DEPTH: usize = 3;
const LENGTH: usize = 50;

/// The value as text.
pub(crate) fn show(value: &Value) -> mlua::Result<String> {
    let mut text = String::new();
    match value {
        Value::String(string) => text.push_str(&string.to_string_lossy()),
        value => put(value, DEPTH, &mut text)?,
    }
    Ok(text)
}

fn put(value: &Value, depth: usize, text: &mut String) -> mlua::Result<()> {
    match value {
        Value::String(string) => text.push_str(&format!("{:?}", string.to_string_lossy())),
        Value::Table(table) if depth > 0 && table.metatable().is_none() => {
            put_table(table, depth - 1, text)?;
        }
        value => text.push_str(&value.to_string()?),
    }
    Ok(())
}

fn put_table(table: &Table, depth: usize, text: &mut String) -> mlua::Result<()> {
    text.push('{');
    let mut next = 1;
    for (index, pair) in table.pairs::<Value, Value>().enumerate() {
        let (key, value) = pair?;
        if index > 0 {
            text.push_str(", ");
        }
        if index == LENGTH {
            text.push_str("...");
            break;
        }
        match &key {
            Value::Integer(key) if *key == next => next += 1,
            Value::String(name) => text.push_str(&format!("{} = ", name.to_string_lossy())),
            key => {
                text.push('[');
                put(key, 0, text)?;
                text.push_str("] = ");
            }
        }
        put(&value, depth, text)?;
    }
    text.push('}');
    Ok(())
}
