//! The little of S3's answers that is looked at: the texts of elements by their name. What is looked for stands once, or in
//! a list, and never in a text of somebody's choosing.

/// The contents of all elements of this name, as they stand there.
pub(super) fn all<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str()).skip(1).filter_map(|rest| Some(rest.split_once(close.as_str())?.0)).collect()
}

/// The content of the first of them.
pub(super) fn first<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    all(xml, name).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_names() {
        let xml = "<A><B>1</B><B>2</B><BB>3</BB></A>";
        assert_eq!((all(xml, "B"), first(xml, "BB"), first(xml, "C")), (vec!["1", "2"], Some("3"), None));
        assert_eq!(all("<B>1", "B"), [""; 0]);
    }
}
