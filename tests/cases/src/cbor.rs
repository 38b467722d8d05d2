//! A writer of CBOR from JSON, written apart from core's: it can say what core's minting never would.
//!
//! Numbers, text, arrays, `true`, `false` and `null` are themselves, a number with a point is a double. An
//! object is a map whose keys are integers where they look like one, but for four forms:
//! `{"hex": ".."}` a byte string, `{"tag": n, "of": item}`, `{"pairs": [[key, value], ..]}` a map with any keys
//! in any order, `{"raw": "hex"}` bytes put in as they are.

use serde_json::{Map, Value};

/// The encoding of one item.
///
/// # Errors
/// Says what in the description means nothing.
pub fn encode(value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    push(&mut out, value)?;
    Ok(out)
}

/// Bytes from hexadecimal.
///
/// # Errors
/// Says that they are none.
pub fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let bad = || format!("{text:?} is no hexadecimal");
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(bad());
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| bad())).collect()
}

/// Appends a byte string.
pub fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    head(out, 2, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the shortest head of a major type and its argument.
pub fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let wide = argument.to_be_bytes();
    let (info, used) = match argument {
        0..=23 => (wide[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&wide[8 - used..]);
}

fn push(out: &mut Vec<u8>, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(known) => out.push(if *known { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(n), _, _) => head(out, 0, n),
            (None, Some(n), _) => head(out, 1, (-1 - n).unsigned_abs()),
            (None, None, Some(float)) => {
                out.push(0xfb);
                out.extend_from_slice(&float.to_be_bytes());
            }
            _ => return Err(format!("{number} has no encoding")),
        },
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            for item in items {
                push(out, item)?;
            }
        }
        Value::Object(object) => push_object(out, object)?,
    }
    Ok(())
}

fn push_object(out: &mut Vec<u8>, object: &Map<String, Value>) -> Result<(), String> {
    if let Some(Value::String(text)) = object.get("hex") {
        push_bytes(out, &unhex(text)?);
    } else if let Some(Value::String(text)) = object.get("raw") {
        out.extend(unhex(text)?);
    } else if let (Some(tag), Some(of)) = (object.get("tag").and_then(Value::as_u64), object.get("of")) {
        head(out, 6, tag);
        push(out, of)?;
    } else if let Some(Value::Array(pairs)) = object.get("pairs") {
        head(out, 5, pairs.len() as u64);
        for pair in pairs.iter().filter_map(Value::as_array).flatten() {
            push(out, pair)?;
        }
    } else {
        head(out, 5, object.len() as u64);
        for (key, value) in object {
            match key.parse::<i64>() {
                Ok(number) => push(out, &Value::from(number))?,
                Err(_) => push(out, &Value::from(key.as_str()))?,
            }
            push(out, value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{encode, unhex};
    use serde_json::json;

    #[test]
    fn writes_the_examples_of_rfc_8949_appendix_a() {
        for (value, hex) in [
            (json!(1000), "1903e8"),
            (json!(-1000), "3903e7"),
            (json!(1.1), "fb3ff199999999999a"),
            (json!({"hex": "01020304"}), "4401020304"),
            (json!({"1": 2, "3": 4}), "a201020304"),
            (json!({"pairs": [[3, 4], [1, 2]]}), "a203040102"),
            (json!({"tag": 1, "of": 1_363_896_240}), "c11a514b67b0"),
            (json!(["a", {"b": "c"}]), "826161a161626163"),
            (json!({"raw": "ff"}), "ff"),
        ] {
            assert_eq!(encode(&value), unhex(hex), "{value}");
        }
        assert!(unhex("0g").is_err() && unhex("0").is_err());
    }
}
