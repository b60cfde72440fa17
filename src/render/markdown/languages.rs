//! The languages that are highlighted: their names, words, strings and comments.

/// How a language is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Words,
    Markup,
    Diff,
    Console,
}

/// A string.
#[derive(Debug)]
pub(super) struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    /// `\` escapes the next character.
    pub escapes: bool,
    /// It may go over several lines.
    pub lines: bool,
    /// `${…}` in it is code.
    pub holes: bool,
    /// `$name` in it is a variable.
    pub variables: bool,
}

/// What a scanner has to know.
#[derive(Debug)]
pub(super) struct Language {
    /// In lower case, the first being its own name.
    pub names: &'static [&'static str],
    pub kind: Kind,
    pub line_comments: &'static [&'static str],
    /// A line comment begins a word.
    pub spaced_comments: bool,
    pub block_comments: &'static [(&'static str, &'static str)],
    /// Block comments nest.
    pub nested: bool,
    /// Longer ones before those that they begin with.
    pub quotes: &'static [Quote],
    pub keywords: &'static [&'static str],
    pub constants: &'static [&'static str],
    /// Keywords in any letter case.
    pub any_case: bool,
    /// What a word begins with and goes on with, besides letters, digits and `_`.
    pub word_starts: &'static str,
    pub word_parts: &'static str,
    /// What begins the name of a variable.
    pub variables: &'static str,
    /// What begins a directive or decorator: `#` (first on its line), `@`.
    pub directives: &'static str,
    /// `@media` is a keyword, and no decorator.
    pub at_keywords: bool,
    /// A word before `(` is a function.
    pub calls: bool,
    /// A word before `!` is a macro.
    pub macros: bool,
    /// A word that begins with a capital is a type.
    pub capital_types: bool,
    pub lifetimes: bool,
    /// `r#"…"#`.
    pub raw_strings: bool,
    /// A string before `:` is a key.
    pub string_keys: bool,
    /// A word before `:`, first on its line, is a key.
    pub colon_keys: bool,
    /// A word before `=` is a key.
    pub equal_keys: bool,
    /// `[section]` lines.
    pub sections: bool,
    pub css: bool,
}

const fn quote(open: &'static str, close: &'static str) -> Quote {
    Quote {
        open,
        close,
        escapes: true,
        lines: false,
        holes: false,
        variables: false,
    }
}

const fn long(open: &'static str, close: &'static str) -> Quote {
    Quote {
        lines: true,
        ..quote(open, close)
    }
}

const fn raw(open: &'static str, close: &'static str) -> Quote {
    Quote {
        escapes: false,
        ..long(open, close)
    }
}

const DOUBLE: Quote = quote("\"", "\"");
const SINGLE: Quote = quote("'", "'");
const BOTH: &[Quote] = &[DOUBLE, SINGLE];
const SHELL_DOUBLE: Quote = Quote {
    variables: true,
    ..long("\"", "\"")
};
const C_COMMENTS: &[(&str, &str)] = &[("/*", "*/")];

const PLAIN: Language = Language {
    names: &[],
    kind: Kind::Words,
    line_comments: &[],
    spaced_comments: false,
    block_comments: &[],
    nested: false,
    quotes: BOTH,
    keywords: &[],
    constants: &[],
    any_case: false,
    word_starts: "",
    word_parts: "",
    variables: "",
    directives: "",
    at_keywords: false,
    calls: false,
    macros: false,
    capital_types: false,
    lifetimes: false,
    raw_strings: false,
    string_keys: false,
    colon_keys: false,
    equal_keys: false,
    sections: false,
    css: false,
};

/// A language with `//` and `/* */` comments, calls and types in capitals.
const C_LIKE: Language = Language {
    line_comments: &["//"],
    block_comments: C_COMMENTS,
    calls: true,
    capital_types: true,
    ..PLAIN
};

/// The language of a name, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Language> {
    if name.is_empty() {
        return None;
    }
    LANGUAGES.iter().find(|language| {
        language
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The words of a list that is written as one text.
macro_rules! words {
    ($($word:literal)*) => { &[$($word),*] };
}

pub(super) static LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        nested: true,
        quotes: &[
            long("b\"", "\""),
            long("c\"", "\""),
            long("\"", "\""),
            quote("b'", "'"),
            SINGLE,
        ],
        lifetimes: true,
        raw_strings: true,
        macros: true,
        keywords: words!["as" "async" "await" "break" "const" "continue" "crate" "dyn" "else" "enum" "extern" "fn" "for" "if" "impl" "in" "let" "loop" "match" "mod" "move" "mut" "pub" "ref" "return" "self" "static" "struct" "super" "trait" "type" "union" "unsafe" "use" "where" "while" "yield"],
        constants: words!["true" "false" "bool" "char" "f32" "f64" "i8" "i16" "i32" "i64" "i128" "isize" "str" "u8" "u16" "u32" "u64" "u128" "usize"],
        ..C_LIKE
    },
    Language {
        names: &[
            "javascript",
            "js",
            "mjs",
            "cjs",
            "jsx",
            "typescript",
            "ts",
            "tsx",
            "mts",
            "cts",
        ],
        quotes: &[
            DOUBLE,
            SINGLE,
            Quote {
                holes: true,
                ..long("`", "`")
            },
        ],
        word_starts: "$",
        word_parts: "$",
        directives: "@",
        keywords: words!["abstract" "any" "as" "asserts" "async" "await" "break" "case" "catch" "class" "const" "continue" "debugger" "declare" "default" "delete" "do" "else" "enum" "export" "extends" "finally" "for" "from" "function" "get" "if" "implements" "import" "in" "infer" "instanceof" "interface" "is" "keyof" "let" "namespace" "new" "of" "private" "protected" "public" "readonly" "return" "satisfies" "set" "static" "super" "switch" "this" "throw" "try" "type" "typeof" "var" "void" "while" "with" "yield"],
        constants: words!["true" "false" "null" "undefined" "NaN" "Infinity" "string" "number" "boolean" "unknown" "never" "object" "bigint" "symbol"],
        ..C_LIKE
    },
    Language {
        names: &["json", "jsonc", "json5", "webmanifest"],
        line_comments: &["//"],
        block_comments: C_COMMENTS,
        string_keys: true,
        constants: words!["true" "false" "null"],
        ..PLAIN
    },
    Language {
        names: &["toml"],
        line_comments: &["#"],
        quotes: &[
            long("\"\"\"", "\"\"\""),
            raw("'''", "'''"),
            DOUBLE,
            Quote {
                escapes: false,
                ..SINGLE
            },
        ],
        word_parts: "-.",
        equal_keys: true,
        sections: true,
        constants: words!["true" "false" "inf" "nan"],
        ..PLAIN
    },
    Language {
        names: &[
            "ini",
            "cfg",
            "conf",
            "properties",
            "env",
            "dotenv",
            "editorconfig",
            "gitconfig",
            "systemd",
        ],
        line_comments: &["#", ";"],
        spaced_comments: true,
        word_parts: "-.",
        equal_keys: true,
        sections: true,
        constants: words!["true" "false" "yes" "no" "on" "off"],
        ..PLAIN
    },
    Language {
        names: &["yaml", "yml"],
        line_comments: &["#"],
        spaced_comments: true,
        word_starts: "/.",
        word_parts: "-./",
        colon_keys: true,
        string_keys: true,
        constants: words!["true" "false" "null" "yes" "no" "on" "off"],
        ..PLAIN
    },
    Language {
        names: &["bash", "sh", "shell", "zsh", "fish"],
        line_comments: &["#"],
        spaced_comments: true,
        quotes: &[SHELL_DOUBLE, raw("'", "'")],
        word_parts: "-",
        variables: "$",
        keywords: words!["alias" "break" "case" "cd" "continue" "declare" "do" "done" "echo" "elif" "else" "esac" "eval" "exec" "exit" "export" "fi" "for" "function" "if" "in" "local" "printf" "read" "readonly" "return" "select" "set" "shift" "source" "sudo" "test" "then" "trap" "unset" "until" "while"],
        constants: words!["true" "false"],
        ..PLAIN
    },
    Language {
        names: &["dockerfile", "docker", "containerfile"],
        line_comments: &["#"],
        spaced_comments: true,
        quotes: &[SHELL_DOUBLE, SINGLE],
        word_parts: "-",
        variables: "$",
        keywords: words!["ADD" "ARG" "AS" "CMD" "COPY" "ENTRYPOINT" "ENV" "EXPOSE" "FROM" "HEALTHCHECK" "LABEL" "ONBUILD" "RUN" "SHELL" "STOPSIGNAL" "USER" "VOLUME" "WORKDIR"],
        ..PLAIN
    },
    Language {
        names: &["makefile", "make", "just", "justfile"],
        line_comments: &["#"],
        spaced_comments: true,
        word_parts: "-.",
        variables: "$",
        colon_keys: true,
        keywords: words!["define" "else" "endef" "endif" "export" "ifdef" "ifeq" "ifndef" "ifneq" "include" "override" "set" "unexport"],
        ..PLAIN
    },
    Language {
        names: &["python", "py", "pyi"],
        line_comments: &["#"],
        quotes: &[long("\"\"\"", "\"\"\""), long("'''", "'''"), DOUBLE, SINGLE],
        directives: "@",
        calls: true,
        capital_types: true,
        keywords: words!["and" "as" "assert" "async" "await" "break" "case" "class" "continue" "def" "del" "elif" "else" "except" "finally" "for" "from" "global" "if" "import" "in" "is" "lambda" "match" "nonlocal" "not" "or" "pass" "raise" "return" "try" "while" "with" "yield"],
        constants: words!["True" "False" "None" "self" "cls"],
        ..PLAIN
    },
    Language {
        names: &[
            "sql",
            "postgres",
            "postgresql",
            "psql",
            "plpgsql",
            "mysql",
            "sqlite",
        ],
        line_comments: &["--"],
        block_comments: C_COMMENTS,
        quotes: &[raw("$$", "$$"), raw("'", "'"), raw("\"", "\"")],
        any_case: true,
        calls: true,
        keywords: words!["add" "all" "alter" "and" "any" "as" "asc" "begin" "between" "by" "cascade" "case" "cast" "check" "column" "commit" "conflict" "constraint" "create" "cross" "database" "declare" "default" "delete" "desc" "distinct" "do" "drop" "each" "else" "end" "except" "execute" "exists" "explain" "extension" "for" "foreign" "from" "full" "function" "grant" "group" "having" "if" "in" "index" "inner" "insert" "intersect" "into" "is" "join" "key" "language" "left" "like" "limit" "not" "notify" "nothing" "offset" "on" "or" "order" "outer" "over" "partition" "primary" "procedure" "references" "replace" "return" "returning" "returns" "revoke" "right" "rollback" "row" "schema" "select" "set" "table" "then" "to" "transaction" "trigger" "truncate" "type" "union" "unique" "update" "using" "values" "view" "when" "where" "with"],
        constants: words!["true" "false" "null" "bigint" "boolean" "bytea" "date" "int" "integer" "json" "jsonb" "numeric" "real" "serial" "smallint" "text" "time" "timestamp" "timestamptz" "uuid" "varchar"],
        ..PLAIN
    },
    Language {
        names: &["css", "scss", "less", "postcss"],
        line_comments: &["//"],
        spaced_comments: true,
        block_comments: C_COMMENTS,
        word_starts: "-",
        word_parts: "-%",
        variables: "$",
        directives: "@",
        at_keywords: true,
        css: true,
        ..PLAIN
    },
    Language {
        names: &["go", "golang"],
        quotes: &[DOUBLE, SINGLE, raw("`", "`")],
        keywords: words!["break" "case" "chan" "const" "continue" "default" "defer" "else" "fallthrough" "for" "func" "go" "goto" "if" "import" "interface" "map" "package" "range" "return" "select" "struct" "switch" "type" "var"],
        constants: words!["true" "false" "nil" "iota" "any" "bool" "byte" "error" "float32" "float64" "int" "int32" "int64" "rune" "string" "uint" "uint8" "uint32" "uint64"],
        ..C_LIKE
    },
    Language {
        names: &["java"],
        quotes: &[long("\"\"\"", "\"\"\""), DOUBLE, SINGLE],
        directives: "@",
        keywords: words!["abstract" "assert" "break" "case" "catch" "class" "continue" "default" "do" "else" "enum" "extends" "final" "finally" "for" "if" "implements" "import" "instanceof" "interface" "native" "new" "package" "permits" "private" "protected" "public" "record" "return" "sealed" "static" "super" "switch" "synchronized" "this" "throw" "throws" "transient" "try" "var" "void" "volatile" "while" "yield"],
        constants: words!["true" "false" "null" "boolean" "byte" "char" "double" "float" "int" "long" "short"],
        ..C_LIKE
    },
    Language {
        names: &["kotlin", "kt", "kts"],
        quotes: &[
            long("\"\"\"", "\"\"\""),
            Quote {
                variables: true,
                ..DOUBLE
            },
            SINGLE,
        ],
        directives: "@",
        keywords: words!["abstract" "as" "break" "by" "catch" "class" "companion" "const" "continue" "data" "do" "else" "enum" "finally" "for" "fun" "if" "import" "in" "inline" "interface" "internal" "is" "lateinit" "object" "open" "override" "package" "private" "protected" "public" "return" "sealed" "super" "suspend" "this" "throw" "try" "typealias" "val" "var" "when" "where" "while"],
        constants: words!["true" "false" "null"],
        ..C_LIKE
    },
    Language {
        names: &["swift"],
        nested: true,
        quotes: &[long("\"\"\"", "\"\"\""), DOUBLE],
        directives: "@#",
        keywords: words!["actor" "any" "as" "async" "await" "break" "case" "catch" "class" "continue" "default" "defer" "deinit" "do" "else" "enum" "extension" "fileprivate" "for" "func" "guard" "if" "import" "in" "init" "inout" "internal" "is" "let" "mutating" "open" "private" "protocol" "public" "repeat" "rethrows" "return" "self" "some" "static" "struct" "subscript" "super" "switch" "throw" "throws" "try" "typealias" "var" "where" "while"],
        constants: words!["true" "false" "nil"],
        ..C_LIKE
    },
    Language {
        names: &["c", "h", "cpp", "c++", "cc", "cxx", "hpp", "objc"],
        directives: "#",
        keywords: words!["alignas" "auto" "break" "case" "catch" "class" "concept" "const" "consteval" "constexpr" "continue" "co_await" "co_return" "decltype" "default" "delete" "do" "else" "enum" "explicit" "export" "extern" "final" "for" "friend" "goto" "if" "inline" "mutable" "namespace" "new" "noexcept" "operator" "override" "private" "protected" "public" "register" "requires" "restrict" "return" "sizeof" "static" "static_assert" "struct" "switch" "template" "this" "throw" "try" "typedef" "typename" "union" "using" "virtual" "volatile" "while"],
        constants: words!["true" "false" "nullptr" "NULL" "bool" "char" "double" "float" "int" "long" "short" "signed" "size_t" "uint8_t" "uint32_t" "uint64_t" "int32_t" "int64_t" "unsigned" "void"],
        ..C_LIKE
    },
    Language {
        names: &["csharp", "cs", "c#"],
        quotes: &[long("\"\"\"", "\"\"\""), raw("@\"", "\""), DOUBLE, SINGLE],
        directives: "#",
        keywords: words!["abstract" "as" "async" "await" "base" "break" "case" "catch" "class" "const" "continue" "default" "delegate" "do" "else" "enum" "event" "explicit" "extern" "finally" "fixed" "for" "foreach" "get" "if" "implicit" "in" "init" "interface" "internal" "is" "lock" "namespace" "new" "operator" "out" "override" "params" "partial" "private" "protected" "public" "readonly" "record" "ref" "required" "return" "sealed" "set" "sizeof" "static" "struct" "switch" "this" "throw" "try" "typeof" "unsafe" "using" "var" "virtual" "void" "volatile" "when" "where" "while" "yield"],
        constants: words!["true" "false" "null" "bool" "byte" "char" "decimal" "double" "float" "int" "long" "object" "short" "string" "uint"],
        ..C_LIKE
    },
    Language {
        names: &["php"],
        line_comments: &["//", "#"],
        quotes: &[
            Quote {
                variables: true,
                ..long("\"", "\"")
            },
            long("'", "'"),
        ],
        variables: "$",
        keywords: words!["abstract" "and" "as" "break" "case" "catch" "class" "clone" "const" "continue" "declare" "default" "do" "echo" "else" "elseif" "enum" "extends" "final" "finally" "fn" "for" "foreach" "function" "global" "if" "implements" "include" "instanceof" "interface" "match" "namespace" "new" "or" "php" "print" "private" "protected" "public" "readonly" "require" "require_once" "return" "static" "switch" "throw" "trait" "try" "use" "var" "while" "yield"],
        constants: words!["true" "false" "null" "array" "bool" "float" "int" "mixed" "string" "void"],
        ..C_LIKE
    },
    Language {
        names: &["ruby", "rb"],
        line_comments: &["#"],
        word_parts: "?",
        variables: "@",
        calls: true,
        capital_types: true,
        keywords: words!["alias" "and" "begin" "break" "case" "class" "def" "defined?" "do" "else" "elsif" "end" "ensure" "for" "if" "in" "include" "module" "next" "not" "or" "private" "raise" "redo" "require" "require_relative" "rescue" "retry" "return" "self" "super" "then" "undef" "unless" "until" "when" "while" "yield"],
        constants: words!["true" "false" "nil"],
        ..PLAIN
    },
    Language {
        names: &["lua"],
        line_comments: &["--"],
        block_comments: &[("--[[", "]]")],
        quotes: &[raw("[[", "]]"), DOUBLE, SINGLE],
        calls: true,
        keywords: words!["and" "break" "do" "else" "elseif" "end" "for" "function" "goto" "if" "in" "local" "not" "or" "repeat" "return" "then" "until" "while"],
        constants: words!["true" "false" "nil"],
        ..PLAIN
    },
    Language {
        names: &["nix"],
        line_comments: &["#"],
        block_comments: C_COMMENTS,
        quotes: &[
            Quote {
                holes: true,
                escapes: false,
                ..long("''", "''")
            },
            Quote {
                holes: true,
                ..long("\"", "\"")
            },
        ],
        word_parts: "-",
        equal_keys: true,
        keywords: words!["assert" "else" "if" "import" "in" "inherit" "let" "or" "rec" "then" "with"],
        constants: words!["true" "false" "null"],
        ..PLAIN
    },
    Language {
        names: &["graphql", "gql"],
        line_comments: &["#"],
        quotes: &[long("\"\"\"", "\"\"\""), DOUBLE],
        variables: "$",
        directives: "@",
        capital_types: true,
        keywords: words!["directive" "enum" "extend" "fragment" "implements" "input" "interface" "mutation" "on" "query" "scalar" "schema" "subscription" "type" "union"],
        constants: words!["true" "false" "null"],
        ..PLAIN
    },
    Language {
        names: &["proto", "protobuf"],
        equal_keys: true,
        keywords: words!["enum" "extend" "import" "map" "message" "oneof" "option" "optional" "package" "repeated" "reserved" "returns" "rpc" "service" "stream" "syntax"],
        constants: words!["true" "false" "bool" "bytes" "double" "float" "int32" "int64" "string" "uint32" "uint64"],
        ..C_LIKE
    },
    Language {
        names: &["nginx", "caddy", "caddyfile"],
        line_comments: &["#"],
        spaced_comments: true,
        variables: "$",
        keywords: words!["events" "http" "if" "include" "listen" "location" "proxy_pass" "return" "rewrite" "root" "server" "server_name" "try_files" "upstream"],
        constants: words!["on" "off"],
        ..PLAIN
    },
    Language {
        names: &["jinja-words"],
        calls: true,
        keywords: words!["and" "block" "call" "do" "else" "elif" "endblock" "endcall" "endfilter" "endfor" "endif" "endmacro" "endset" "endwith" "extends" "filter" "for" "from" "if" "import" "in" "include" "is" "macro" "not" "or" "recursive" "set" "with"],
        constants: words!["true" "false" "none"],
        ..PLAIN
    },
    Language {
        names: &[
            "html",
            "htm",
            "xhtml",
            "xml",
            "svg",
            "rss",
            "atom",
            "vue",
            "svelte",
            "astro",
            "jinja",
            "jinja2",
            "html+jinja",
            "handlebars",
            "plist",
        ],
        kind: Kind::Markup,
        ..PLAIN
    },
    Language {
        names: &["diff", "patch"],
        kind: Kind::Diff,
        ..PLAIN
    },
    Language {
        names: &["console", "shell-session", "shellsession", "terminal"],
        kind: Kind::Console,
        ..PLAIN
    },
];
