//! The documentation of a twin: the original's, without its examples, and with a link to it.

use proc_macro2::Span;
use quote::{quote, quote_spanned};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of `#[doc = "text"]`.
fn text(attribute: &Attribute) -> Option<(String, Span)> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("doc") {
        return None;
    }
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some((text.value(), text.span())),
        _ => None,
    }
}

/// Whether an attribute is a line of the documentation, rather than `#[doc(hidden)]` and the like.
pub(crate) fn is_line(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::NameValue(pair) if pair.path.is_ident("doc"))
}

/// Writes a twin's documentation: the original's up to the first heading, then the paragraph
/// `link`, then the original's sections, then `section`. `rename` returns what replaces `Self` in
/// `Self::name` if the twin has no such name.
pub(crate) fn twin(
    attributes: &[Attribute],
    link: &str,
    section: Option<&str>,
    rename: &dyn Fn(&str) -> Option<String>,
) -> Vec<Attribute> {
    let (mut prose, mut sections) = (Vec::new(), Vec::new());
    let mut cut = Cut::default();
    for attribute in attributes.iter().filter(|attribute| is_line(attribute)) {
        let Some((text, span)) = text(attribute) else {
            let part = if cut.has_seen_heading { &mut sections } else { &mut prose };
            part.push(attribute.clone());
            continue;
        };
        for text in text.split('\n') {
            if cut.keeps(text) {
                let part = if cut.has_seen_heading { &mut sections } else { &mut prose };
                part.push(line(&renamed(text, rename), span));
            }
        }
    }
    add_paragraph(&mut prose, link);
    if !sections.is_empty() {
        prose.push(line("", Span::mixed_site()));
        prose.append(&mut sections);
    }
    if let Some(section) = section {
        add_paragraph(&mut prose, section);
    }
    while prose.last().is_some_and(is_blank) {
        prose.pop();
    }
    prose
}

/// Adds lines after a blank one.
fn add_paragraph(lines: &mut Vec<Attribute>, paragraph: &str) {
    while lines.last().is_some_and(is_blank) {
        lines.pop();
    }
    if !lines.is_empty() {
        lines.push(line("", Span::mixed_site()));
    }
    for text in paragraph.split('\n') {
        let blank = if text.is_empty() { "" } else { " " };
        lines.push(line(&format!("{blank}{text}"), Span::mixed_site()));
    }
}

fn is_blank(attribute: &Attribute) -> bool {
    text(attribute).is_some_and(|(text, _)| text.trim().is_empty())
}

fn line(text: &str, span: Span) -> Attribute {
    let text = quote_spanned!(span=> #text);
    let doc = quote!(#[doc = #text]);
    syn::parse_quote!(#doc)
}

/// Cuts the section `# Examples` out of a text, line by line.
#[derive(Default)]
struct Cut {
    /// The level of the heading of the section that is being cut.
    section: Option<usize>,
    /// The line that ends the current block of code.
    fence: Option<String>,
    /// Whether the prose before the sections is over.
    has_seen_heading: bool,
}

impl Cut {
    fn keeps(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(fence) = &self.fence {
            if line.starts_with(fence.as_str()) && line.trim_start_matches(&fence[..1]).is_empty() {
                self.fence = None;
            }
        } else if let Some(mark) = ["`", "~"].iter().find(|mark| line.starts_with(&mark.repeat(3)))
        {
            let length = line.len() - line.trim_start_matches(mark).len();
            self.fence = Some(mark.repeat(length));
        } else if let Some((level, title)) = heading(line) {
            if self.section.is_none_or(|section| level <= section) {
                let is_examples = matches!(title, "Example" | "Examples");
                self.section = is_examples.then_some(level);
            }
            self.has_seen_heading = true;
        }
        self.section.is_none()
    }
}

/// The level and the title of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with([' ', '\t']);
    is_heading.then(|| (level, title.trim().trim_end_matches([':', '#']).trim_end()))
}

/// Replaces `Self` before names that the twin does not have.
fn renamed(text: &str, rename: &dyn Fn(&str) -> Option<String>) -> String {
    const SELF: &str = "Self::";
    let mut output = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(SELF) {
        let (before, after) = rest.split_at(at);
        let after = &after[SELF.len()..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
        output += before;
        match rename(&after[..end]) {
            Some(ty) if !before.ends_with(is_word) => {
                output += &ty;
                output += "::";
            }
            _ => output += SELF,
        }
        rest = after;
    }
    output + rest
}

/// Writes a path for a link in documentation, without blanks.
pub(crate) fn link(tokens: &impl quote::ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(lines: &[&str]) -> Vec<String> {
        let attributes: Vec<_> = lines.iter().map(|text| line(text, Span::call_site())).collect();
        let rename = |name: &str| (name == "raw").then(|| "Client".to_owned());
        let twin = twin(&attributes, "The link.", None, &rename);
        twin.iter().map(|attribute| text(attribute).expect("it is a text").0).collect()
    }

    #[test]
    fn examples_are_cut_up_to_the_next_heading_of_their_level() {
        let lines = [
            " Opens.",
            "",
            " # Examples",
            " ```",
            " # hidden",
            " # Errors",
            " ```",
            " ## More",
            " more",
            " # Errors",
            " None.",
            "",
        ];
        assert_eq!(docs(&lines), [" Opens.", "", " The link.", "", " # Errors", " None."]);
    }

    #[test]
    fn a_heading_inside_of_code_is_none() {
        let lines = [" ~~~~text", " # Examples", " ~~~", " # x", " ~~~~", " # Example:", " gone"];
        let kept = [" ~~~~text", " # Examples", " ~~~", " # x", " ~~~~", "", " The link."];
        assert_eq!(docs(&lines), kept);
    }

    #[test]
    fn a_comment_of_many_lines_is_many_lines() {
        let kept = [" One.", "", " The link.", "", " # Panics", " Never."];
        assert_eq!(docs(&[" One.\n\n # Examples\n gone\n # Panics\n Never."]), kept);
    }

    #[test]
    fn names_that_the_twin_does_not_have_are_those_of_the_original() {
        let kept = " [`Client::raw`], [`Self::open`], MySelf::raw";
        assert_eq!(docs(&[" [`Self::raw`], [`Self::open`], MySelf::raw"])[0], kept);
    }

    #[test]
    fn a_link_alone_and_a_section_of_ones_own_are_added() {
        assert_eq!(docs(&[]), [" The link."]);
        let twin = twin(&[], "The link.", Some("# Errors\n\nNone."), &|_| None);
        let twin: Vec<_> = twin.iter().filter_map(text).map(|(text, _)| text).collect();
        assert_eq!(twin, [" The link.", "", " # Errors", "", " None."]);
    }
}
