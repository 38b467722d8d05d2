//! What of a file's own name and directories its key repeats: harmless, and short enough for a token.

use super::share::check_file_name;
use crate::disposition::harmless;
use crate::percent;
use crate::refusal::Refusal;
use alloc::string::String;

/// Directories below the folder, harmless and with a closing slash; nothing for none.
pub(super) fn directories(asked: Option<&str>) -> Result<String, Refusal> {
    const FAULT: Refusal = Refusal::BadRequest("directory is names between slashes, none of them empty, . or ..");
    let Some(asked) = asked else { return Ok(String::new()) };
    let mut out = String::new();
    for name in asked.strip_suffix('/').unwrap_or(asked).split('/') {
        if matches!(name, "." | "..") {
            return Err(FAULT);
        }
        check_file_name(name).map_err(|_| FAULT)?;
        out.push_str(&harmless(name));
        out.push('/');
    }
    Ok(out)
}

/// `name` cut before its ending, so that it has no more than `most` bytes when it is encoded.
pub(super) fn short(name: &str, most: usize) -> String {
    if encoded_length(name) <= most {
        return name.into();
    }
    let (stem, ending) = name.rsplit_once('.').filter(|(_, ending)| encoded_length(ending) < 20).unwrap_or((name, ""));
    let room = most - encoded_length(ending) - 1;
    let mut out = String::new();
    let mut length = 0;
    for char in stem.chars() {
        length += encoded_length(char.encode_utf8(&mut [0; 4]));
        if length > room {
            break;
        }
        out.push(char);
    }
    let mut out = String::from(out.trim_end_matches([' ', '.']));
    if !ending.is_empty() {
        out.push('.');
        out.push_str(ending);
    }
    out
}

pub(super) fn encoded_length(text: &str) -> usize {
    let mut out = String::with_capacity(3 * text.len());
    percent::push_path(&mut out, text);
    out.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn long_names_are_cut_before_their_ending() {
        assert_eq!(short("a.txt", 180), "a.txt");
        let cut = short(&format!("{}.txt", "字".repeat(80)), 180);
        assert!(cut.ends_with(".txt") && encoded_length(&cut) <= 180 && encoded_length(&cut) > 160, "{cut}");
        assert_eq!(short(&"a".repeat(200), 180).len(), 179);
        assert!(encoded_length(&short(&format!("{}. .b", "a".repeat(200)), 180)) <= 180);
    }
}
