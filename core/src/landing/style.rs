//! The one style of all our pages. It stands in the page itself, and its hash in the page's policy: nothing else may
//! style them. Colours meet the contrast of WCAG 2.2 AA on both grounds, the light one and the dark one.

/// The style.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b2130;--dim:#525b6c;--ground:#f4f5f8;--sheet:#fff;--line:#d5d9e2;--link:#0b53b8;\
--on-link:#fff;--hover:#08408f;--ring:#b14a00}\
@media(prefers-color-scheme:dark){:root{--ink:#e9ebf1;--dim:#aab2c2;--ground:#11141a;--sheet:#1a1f28;--line:#363d4b;\
--link:#8cbcff;--on-link:#0b1424;--hover:#b3d3ff;--ring:#ffc266}}\
*{box-sizing:border-box}\
body{margin:0;padding:0 .75rem 2rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;\
overflow-wrap:anywhere}\
header,main,footer{max-width:42rem;margin:0 auto}\
header{padding:1.25rem .25rem .75rem;color:var(--dim);font-weight:600}\
body>main:first-child{margin-top:10vh}\
main{padding:1.5rem;background:var(--sheet);border:1px solid var(--line);border-radius:.75rem}\
@media(max-width:30rem){main{padding:1.25rem 1rem}}\
footer{padding:1rem .25rem;color:var(--dim);font-size:.875rem}\
h1{margin:0 0 .25rem;font-size:1.5rem;line-height:1.25}\
h2{margin:1.75rem 0 .5rem;font-size:1rem}\
p{margin:.5rem 0}\
header p,footer p{margin:.25rem 0}\
.sum,.note,.dim{color:var(--dim)}\
a{color:var(--link)}a:hover{color:var(--hover)}\
.act{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;margin:1.25rem 0 0}\
.button,button{display:inline-block;min-height:2.75rem;padding:.6rem 1.5rem;border:0;border-radius:.5rem;\
background:var(--link);color:var(--on-link);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}\
input{min-height:2.75rem;padding:.5rem .75rem;border:1px solid var(--dim);border-radius:.5rem;\
background:var(--sheet);color:var(--ink);font:inherit}\
.button:hover,button:hover{background:var(--hover);color:var(--on-link)}\
:focus-visible{outline:3px solid var(--ring);outline-offset:2px;border-radius:.25rem}\
dl{display:grid;grid-template-columns:minmax(5rem,max-content) 1fr;gap:.25rem 1.25rem;margin:0}\
h1+dl{margin-top:1rem}\
dt{color:var(--dim)}dd{margin:0}\
img,video{display:block;max-width:100%;max-height:70vh;margin:0 auto;border-radius:.375rem}\
audio{display:block;width:100%}\
pre{max-height:24rem;margin:0;padding:.75rem;overflow:auto;white-space:pre-wrap;border:1px solid var(--line);\
border-radius:.375rem;font:.875rem/1.5 ui-monospace,monospace}\
nav ol{display:flex;flex-wrap:wrap;gap:.125rem .5rem;margin:0 0 .5rem;padding:0;list-style:none}\
nav li+li::before{content:\"/\";padding-right:.5rem;color:var(--dim)}\
table{width:100%;margin-top:1.25rem;border-collapse:collapse}\
th,td{padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}\
thead th{color:var(--dim);font-size:.875rem}\
th:last-child,td:last-child{padding-right:0}\
.few{text-align:right;white-space:nowrap;overflow-wrap:normal}\
@media(max-width:30rem){.few,thead th{font-size:.8125rem}}\
tbody a{display:inline-block;min-height:1.5rem}\
table button{min-height:2rem;margin:.25rem 0;padding:.2rem .75rem;font-size:.8125rem;overflow-wrap:normal}\
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}";

/// SHA-256 of [`STYLE`] in base64, as a content security policy names it; a test keeps it true.
pub(crate) const STYLE_SHA256: &str = "XTDg+b4N/eYJP8LJkOeuThJCcBjiXpW8fIhrI0FH3Cs=";

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_policy_names_the_style_that_is_served() {
        assert_eq!(STANDARD.encode(crate::hash::sha256(STYLE.as_bytes())), STYLE_SHA256);
    }
}
