//! Text as HTML.

use smidgen_diff::Escaped;

/// Text that means nothing but itself in HTML, in attributes too; its control characters are shown.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in Escaped(text).to_string().chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            character => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_markup() {
        let name = "</title><script>alert(\"1\")</script>&'\n\u{202e}";
        let expected = "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\\n\\u202e";
        assert_eq!(escaped(name), expected);
    }
}
