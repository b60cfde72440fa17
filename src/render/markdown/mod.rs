//! stub
pub fn code_css() -> &'static str {
    "pre.code{color:light-dark(#111,#eee)}"
}
