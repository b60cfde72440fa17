//! Every code of a diagnostic, with its title and the long form that `rbgen explain` prints.
//!
//! A code is stable: it keeps its meaning for ever and is never used again for another. The
//! hundreds group them: 00 files, 01 TOML and fields, 02 keys, routes and pages, 03 components and
//! props, 04 tokens and nodes, 05 themes and templates, 06 styles, 07 output, 08 configuration, 09
//! databases, 10 targets of deploys.

/// A stable code such as `RB0101`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

/// What there is to know about a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    pub code: Code,
    /// A few words.
    pub title: &'static str,
    /// The long form: why it is an error and how to mend it, in Markdown.
    pub explanation: &'static str,
}

/// The entry of a code by its text, in any letter case.
pub fn find_code(text: &str) -> Option<&'static CodeEntry> {
    ALL_CODES
        .iter()
        .find(|entry| entry.code.0.eq_ignore_ascii_case(text))
}

macro_rules! codes {
    ($($id:ident $name:ident $title:literal $explanation:literal;)*) => {
        /// The codes by name.
        pub mod code {
            use super::Code;
            $(#[doc = $title] pub const $name: Code = Code(stringify!($id));)*
        }
        /// Every code, in order.
        pub static ALL_CODES: &[CodeEntry] = &[
            $(CodeEntry { code: code::$name, title: $title, explanation: $explanation },)*
        ];
    };
}

codes! {
RB0001 UNREADABLE "a file or folder cannot be read"
"The operating system refused to read it. Look at its permissions and at those of the folders above it. Nothing is built from half a site, so rbgen stops here.";
RB0002 NOT_UTF8 "a text file is not UTF-8"
"TOML, Markdown, HTML and CSS files are read as UTF-8. The file holds bytes that are not: most often it was saved as Latin-1 or UTF-16. Save it as UTF-8 again. rbgen does not guess, because a guess would change text silently.";
RB0003 TOO_LARGE "a text file is larger than 16 MiB"
"Content and templates are read as a whole. A file of this size is most likely a mistake: data, or something binary under a text name. Put large files into `static/` or into a theme's `assets/`, which are copied without being read as text.";
RB0004 SYMLINK "a symbolic link stands in the site"
"rbgen reads and writes nothing through symbolic links, so that no link can make it publish or overwrite a file outside the site. Put the file itself there.";
RB0005 NOT_READ "a file that rbgen does not read"
"The file lies where content is expected, but its name fits none of the kinds that belong there, so it has no effect. Most often the ending is mistyped, or a `.html` or `.css` has no `.toml` of the same name beside it.";
RB0006 NO_SITE "there is no robbieblocks.toml"
"A site is a folder with a `robbieblocks.toml`. Start rbgen in it or below it, name it with `--root DIR`, or make one with `rbgen init DIR`.";
RB0007 BAD_FILE_NAME "a file name that cannot be used"
"The name is not UTF-8, or has characters that no key, route or URL may have. Rename the file.";
RB0101 TOML_SYNTAX "the file is not valid TOML"
"The file does not follow the TOML 1.1 grammar at the place that is underlined. Strings need quotes, a key may be given once, and a table that was closed cannot be opened again.";
RB0102 UNKNOWN_KEY "an unknown key"
"The file has a key that rbgen does not know there. Such keys are errors, because a mistyped name would otherwise have no effect and nobody would see it. Free-form data belongs under `[metadata]`.";
RB0103 WRONG_TYPE "a value of the wrong type"
"The key is known, but takes another type of value: a string where a list stands, for instance. The message names both.";
RB0104 MISSING_KEY "a required key is missing"
"The document needs this key and has no default for it.";
RB0105 BAD_VALUE "a value that is not allowed"
"The type fits, but the value is not one of those that are allowed. The message lists them or gives the rule.";
RB0106 TOO_LONG "a text longer than its column"
"The same text lives in a database column of limited length, so a longer one could never be pushed. The message gives the limit in characters.";
RB0107 BAD_CARRIER "a value carrier that cannot be read"
"Values that TOML lacks are written as a table of one key: `{ \"$null\" = true }`, `{ \"$num\" = \"1e400\" }`, `{ \"$float\" = \"nan\" }`, `{ \"$datetime\" = \"…\" }`, and in files `{ \"$file\" = \"intro.md\" }`. A key of your own that begins with `$` is written with `$$`.";
RB0108 TOO_DEEP "nesting that is too deep"
"Tables and arrays may be nested 64 levels deep. Deeper data is most often a mistake or an attack, and could exhaust the stack of a program that reads it.";
RB0109 NO_FRONT_MATTER "front matter that is missing or not closed"
"A Markdown page begins with a line `+++`, has TOML, and a second line `+++` before its text.";
RB0110 DATA_FILE "the file that `$file` names cannot be used"
"`{ \"$file\" = \"intro.md\" }` stands for the text of a file in the same folder. The name must be a plain file name, of a file that is there and is UTF-8.";
RB0111 MERGE_CONFLICT "a merge conflict that is not resolved"
"The file has git's conflict markers (`<<<<<<<`, `=======`, `>>>>>>>`). Choose what stays, delete the markers, and `git add` the file.";
RB0201 BAD_KEY "a key that is not allowed"
"A key is `[a-z0-9][a-z0-9._-]*`, at most 255 bytes, without `..`, and none of the names that some file systems reserve (con, nul, aux, …). Keys become file names, ids and URLs, so they are kept to what is safe in all of them.";
RB0202 DUPLICATE_KEY "two documents with one key"
"A page key is unique in the whole site, over all apps and folders, because it is the page's identity in the database. The same holds for the blocks of a page, for components, tokens and nodes. Rename one of the two; a page keeps its address if you give it a `route`.";
RB0203 BAD_ROUTE "a route that is not allowed"
"A route is absolute and normalised: it begins with `/`, has no empty, `.` or `..` segments, no trailing slash, no backslash, no control characters, and none of `?`, `#`, `%`, `<`, `>`, `\"`. `/_rb` belongs to rbgen.";
RB0204 ROUTE_TAKEN "two pages on one route"
"Two pages that one node publishes have the same route, or routes that differ only in letter case or Unicode form: on many file systems they would be one file. Change one of the routes, or set one page to `draft`.";
RB0205 UNKNOWN_LAYOUT "an unknown layout"
"No layout of that name is in the theme that a node uses, or in the themes that it extends. Layouts are the files of `themes/<theme>/layouts/`.";
RB0206 UNKNOWN_ZONE "an unknown zone"
"The layout has no zone of that name, so the block would not be shown. A theme names its zones in theme.toml (`zones`, for all layouts or for one).";
RB0207 BAD_CONDITION "a condition that cannot be read"
"Conditions know `node`, `app`, `status` (lists of text), `from`, `until` (RFC 3339 times), `any` (a list of conditions) and `not` (one). Anything else is an error and not ignored: a condition that is not understood must not show a block.";
RB0208 UNKNOWN_PAGE "no such page"
"`url_for` was given a key that no page of this node has: it does not exist, is not published, or belongs to an app that the node does not have. Guard the link with `node.enabled_apps`, or list pages with `pages(…)`.";
RB0209 BAD_ALIAS "an alias that cannot be used"
"`metadata.aliases` lists old routes that redirect to the page. Each must be a route, and no page and no other alias may have it.";
RB0210 NO_BLOCKS "a page without blocks"
"The page is published and has no block, so visitors see an empty page. In files a block is a table `[[blocks]]`; in a database it is a row of `robbieblocks_page_blocks` with the page's id. Set the page to `draft` until it has one.";
RB0301 UNKNOWN_COMPONENT "an unknown component"
"A block names a component that is not in `content/components/`.";
RB0302 BAD_PROPS "props that the schema does not allow"
"The props of a block, or of an example, are checked against the JSON Schema in the component's `[props]`. The message says which rule failed, and the place which value.";
RB0303 BAD_SCHEMA "a JSON Schema that is not valid"
"The component's `[props]` is not a valid JSON Schema (draft 2020-12 unless `$schema` names another). In TOML a key such as `$ref` is written `\"$$ref\"`. References to other documents are not followed.";
RB0304 UNPUBLISHED_COMPONENT "a component that is not published"
"A published page uses a component with `published = false`. Publish the component, or set the page to `draft`.";
RB0305 NO_TEMPLATE "a component that cannot be rendered"
"The component has no `<key>.html` beside its TOML file, and no theme has one in `components/`.";
RB0306 REACT_PACKAGES "the library of React components is missing"
"The component has a `.tsx` or `.jsx` and no template, so it is rendered by the library that `[react]` in robbieblocks.toml names, from the folder of packages that stands there. Add `[react]`, and install the packages with `npm ci`; or give the component a template `<key>.html`.";
RB0307 REACT_SYNTAX "React code that cannot be parsed"
"The code of the component does not follow the grammar of TypeScript with JSX at the place that is underlined. It is read as a module, also where it imports and exports nothing.";
RB0308 REACT_COMPONENT "React code in which the component is not clear"
"The component is what the code exports as default, its only export that is a component, or its only component: a function or class whose name begins with a capital letter. Where there is none, or more than one, `export default` says which is meant.";
RB0309 REACT_IMPORT "an import that React code cannot have"
"The code of a component may import the library of React components and nothing else: neither other packages, nor files, nor addresses. Bring what it needs into its own code, or give the component a template.";
RB0310 REACT_FAILED "React code that failed"
"The code threw an error while it was rendered. It is rendered for each block while the site is built, without a browser: `window`, `document` and the like are not there, and belong into effects and event handlers. `hydrate = \"only\"` in the component's `[metadata]` leaves all of it to the browser.";
RB0311 REACT_LIMITS "React code past its limits"
"The code took more time, memory, stack or text than a component may: it loops, nests without end, holds too much, or is longer than 512 KiB. It was ended, and nothing else with it. A process that somebody kills from outside three times is told so, too.";
RB0312 REACT_NOT_HYDRATED "React code that stays without its scripts"
"The component does something in the browser, and its code comes from a row of a database. robbieblocks.toml does not say `allow_scripts = true` for the node, so the component is shown as it was rendered, and does nothing: scripts run on visitors' machines, and a row in a database is not enough to put them there.";
RB0313 NO_SCRIPTS "a layout without `scripts()`"
"The page has a component that does something in the browser, and its layout does not call `scripts()`, which loads it.";
RB0314 REACT_RUNNER "React code that cannot be run"
"React code runs in processes of its own, and none could be started, or it was not this rbgen. Nothing is wrong with the code. The message says what the system said.";
RB0401 BAD_TOKEN_VALUE "a token value that is not one CSS value"
"The value of a token becomes the value of a CSS custom property, so it is parsed as one: brackets and quotes must be closed, and `;`, `}`, `!important`, and bad strings or URLs may not stand in it.";
RB0402 TOKEN_NAMES_FOLD "two tokens with one CSS name"
"`color.text.muted` and `color.text-muted` would both be `--color-text-muted`. Rename one.";
RB0403 UNKNOWN_TOKEN "an unknown token"
"An alias `{…}`, an override of a node, `token(…)` or a contrast pair names a token that is not in `content/tokens/`.";
RB0404 ALIAS_CYCLE "token aliases in a circle"
"Tokens alias each other in a circle once this node's overrides are applied, so none of them has a value. Give one of them a value of its own.";
RB0405 UNKNOWN_APP "an app without pages"
"A node enables an app that has no page. Most often the name is mistyped; if the pages are still to come, this is only a warning.";
RB0406 UNKNOWN_NODE "an unknown node"
"`[node.…]` in robbieblocks.toml, a condition, or `--node` names a node that has no file in `content/nodes/`.";
RB0407 LOW_CONTRAST "too little contrast"
"The theme promises that these two colours can be read on each other (`[[contrast]]` in theme.toml), and with this node's tokens they cannot. The ratio is that of WCAG 2.2: 4.5 for text, 3 for large text and for shapes. Change one of the two tokens, or override it in the node.";
RB0408 SCRIPTS_NOT_ALLOWED "scripts that the site does not allow"
"The node has custom scripts, or a component from a row of a database writes a script into a page, and robbieblocks.toml does not say `allow_scripts = true` for the node. Custom scripts are left out, with a warning; a component that writes one is an error. Scripts run on visitors' machines, and a row in a database is not enough to put them there.";
RB0409 BAD_COLOR "a token that is not a colour"
"A contrast pair of the theme needs a colour, and this value is none that can be computed. Use a CSS colour, `light-dark(…)` or an alias of one.";
RB0410 APP_NOT_ENABLED "an app that no node enables"
"The app has published pages, and no node names it in `enabled_apps`, so nobody will see them. Only the app `shared` is built for every node without being named.";
RB0501 UNKNOWN_THEME "an unknown theme"
"No folder of that name with a theme.toml is in `themes/`.";
RB0502 THEME_CYCLE "themes that extend each other in a circle"
"`extends` leads back to the theme itself.";
RB0503 TEMPLATE_SYNTAX "a template that cannot be parsed"
"The template does not follow the grammar of minijinja (that of Jinja2) at the place that is underlined.";
RB0504 TEMPLATE_FAILED "a template that failed"
"The template was parsed, and failed while it ran. An undefined name is an error, so that a slip is not an empty place on a page; a prop that the component's schema declares is `none` where a page does not give it, and can be tested with `{% if props.x %}`.";
RB0505 TEMPLATE_NOT_FOUND "a template that does not exist"
"The name of an `extends`, `include` or `import` is looked up in the theme, then in the themes that it extends: `layouts/…`, `partials/…` or `components/…`. `@base/…` begins at the theme `base`.";
RB0506 TEMPLATE_ENDLESS "a template that does not end"
"The template used up its fuel, its depth of includes or its size of output, or it takes more memory than templates from a database may have. It loops, includes itself, or joins texts over and over.";
RB0507 UNKNOWN_ASSET "an unknown asset"
"`asset(…)` or a `url(…)` names a file that is not in the `assets/` of the theme or of the themes that it extends.";
RB0508 INLINE_HANDLER "code that the content security policy forbids"
"An attribute such as `onclick`, or a URL with `javascript:`, would not run: the policy of the built site forbids it. Put the code into the node's custom scripts.";
RB0601 CSS_SYNTAX "a style sheet that cannot be parsed"
"The style sheet does not follow the grammar of CSS at the place that is underlined.";
RB0602 CSS_IMPORT "an import that cannot be followed"
"`@import` in a theme's style sheet names another style sheet of the theme, relative to itself. Style sheets of other hosts are not fetched, and a component's style sheet imports nothing.";
RB0603 KEYFRAMES_TAKEN "two components with one keyframes name"
"The name of `@keyframes` is global to a page. Begin it with the name of the component.";
RB0604 CSS_AT_RULE "an at-rule that has no place here"
"A component's style sheet is scoped to its blocks, and this rule would reach beyond them. Put it into the theme.";
RB0701 OUTPUT_TAKEN "two outputs for one path"
"Two sources would write the same file of a bundle (after folding letter case and Unicode form). Nothing was written. Rename one of them.";
RB0702 FOREIGN_FILE "a file that rbgen did not write is in the way"
"The output folder has a file at a path that this build would write, and no earlier build wrote it. rbgen never overwrites such a file. Move it to `static/` if it belongs to the site, or delete it.";
RB0703 WRITE_FAILED "the output cannot be written"
"The operating system refused to write: the disk is full, or the folder belongs to somebody else. The output folder is as it was before.";
RB0704 OUTPUT_SYMLINK "a symbolic link in the output"
"rbgen writes nothing through symbolic links. Remove the link, or choose another folder with `--out`.";
RB0705 OUTPUT_PLACE "an output folder that cannot be used"
"The output folder must not be the site itself, a folder above it, or one that holds its sources: removing stale files there could remove your work.";
RB0802 SECRET_IN_FILE "a database address in a file"
"robbieblocks.toml names the environment variable that holds the address (`url_env = \"DATABASE_URL\"`), and never the address: files are committed, and an address has a password in it.";
RB0803 BAD_TARGETS "browser targets that cannot be read"
"`targets` in `[build]` are queries of browserslist, such as `last 2 versions` or `> 0.5%`.";
RB0901 UNKNOWN_DATABASE "an unknown database"
"A database is named by `[database.<name>]` in robbieblocks.toml, and `main` is meant where none is named. `url_env` in it names the environment variable that holds the address.";
RB0902 NO_ADDRESS "the address of a database is not set"
"The environment variable that `url_env` names is not set or empty. Set it to an address such as `postgres://user:password@host:5432/database?sslmode=verify-full`; never write the address into a file.";
RB0903 BAD_ADDRESS "the address of a database cannot be read"
"The address is `postgres://user:password@host:port/database?parameters`. Characters of a password such as `/`, `@`, `:`, `%` and `#` are written with percent signs (`%2F`). rbgen never prints the address.";
RB0904 UNREACHABLE "a database that cannot be reached"
"No server answered at the address: the name of the host is unknown, nothing listens at the port, or the server did not answer in time. Nothing was changed.";
RB0905 TLS_FAILED "no safe connection to a database"
"The connection was to be encrypted and the server verified, and that failed: the server has no TLS, or its certificate is not for this host, not of a known authority, or out of date. rbgen never goes on in plaintext where TLS was asked for. `sslrootcert=/path/to/ca.pem` in the address names another authority; `sslmode=disable` is for servers on the same machine.";
RB0906 LOGIN_REFUSED "a database that refuses the login"
"The server was reached and refused: a wrong user or password, a database that does not exist, too many connections, or a rule of the server against this client.";
RB0907 CONNECTION_LOST "a connection to a database that broke"
"The connection ended, or the server stopped answering, in the middle of the work. Writes are one transaction: it took effect as a whole or not at all.";
RB0908 NOT_MIGRATED "a database without the tables of this rbgen"
"The tables are missing, or are those of another version. `rbgen migrate` makes or upgrades them; `rbgen migrate --status` says what there is.";
RB0909 NOT_ALLOWED "a right that the user of a database lacks"
"The user that the address names may not do this. `migrations/roles.sql` has the roles: builder reads, editor changes content, sync does what editor does and keeps the history, migrator owns.";
RB0910 IN_THE_WAY "something else in the place of a table"
"A view, a column of another type or an object of somebody else has a name that rbgen needs. Nothing was changed. Rename it, or give rbgen a schema of its own on the search path.";
RB0911 RULE_NOT_HELD "rows that break a rule"
"Rows that were there before break a rule that new rows are held to, so the database cannot enforce it yet. They stay as they are. Mend them, then run `rbgen migrate` again.";
RB0912 DATABASE_BUSY "somebody else is at work in the database"
"A lock was not to be had in time: another program writes to the tables, or another `rbgen migrate` runs. Nothing was changed; try again.";
RB0913 QUERY_FAILED "the database refused a statement"
"The server refused a statement of rbgen, for the reason that the message gives. Nothing was changed.";
RB0914 DIFFERS "what is there already differs"
"Documents differ, and `rbgen export` and `rbgen import` go one way. The differences were listed as before → after, and nothing was written. `--force` writes what stands on the right of the arrows. What is on one side only stays, unless `--delete` is given.";
RB0915 TRIGGERS_OFF "triggers that do not fire"
"A trigger of rbgen is missing or disabled, so changes of rows will not deploy by themselves. `rbgen migrate` makes it again; `ALTER TABLE … ENABLE TRIGGER …` enables it.";
RB0916 NO_CONTENT "a side without any content"
"The database has no page, component, token or node at all, or the folder has none. That is most often a mistake – the wrong database, or one that nothing was brought into yet – and so it never counts as \"all was deleted\". `rbgen import` brings files into rows, `rbgen export` rows into files.";
RB0917 OTHER_DATABASE "another database than the one last seen"
"This clone remembers which database it synced with, and the address leads to another one now: a copy, one that was made anew, or one that was restored on another server. Going on could bring old content back or delete new content, so nothing was done. If it is meant, `rbgen remote accept NAME` says so.";
RB0918 REWOUND "a database whose history went back"
"The last revision that this clone has seen is not in the database any more: it was restored from a backup, or its history was altered. What it lost is in this clone's commits. `rbgen remote accept NAME` goes on with it as it is; then merge and push, which brings back what git has.";
RB0919 MANY_DELETIONS "a deletion of very many"
"More than ten entities of a kind, and more than a quarter of them, would be deleted. That is rarely meant, so it has to be asked for: `--allow-deletes`, `git push -o allow-deletes`, or `git -c rbgen.allowDeletes=true fetch`.";
RB0920 EMPTIED "a database that was emptied"
"The database has a history and no content at all. That never counts as \"all was deleted\". `rbgen import` brings the files of a site back into its rows.";
RB0921 OUT_OF_DATE "a database that has changed meanwhile"
"The database has changes that are not in what is pushed: somebody edited rows, or pushed. Nothing was written. `rbgen pull` (or `git fetch` and `git merge`) brings them into the files; then push again.";
RB0922 MISSING_COMMIT "a commit that this clone lacks"
"A commit that was pushed into the database is not in this repository, so the history of the database cannot be followed. Fetch it from where it was published. Where it cannot be had, `rbgen pull --rebuild` (`git -c rbgen.rebuild=true fetch`) makes the history anew from the revisions; what only the commit had (themes, other files, comments) is not in it.";
RB0923 GIT_FAILED "git did not do what it was asked to"
"rbgen runs `git` for everything that concerns the repository, and git said what stands in the message.";
RB0924 OUTCOME_UNKNOWN "a push whose outcome is not known"
"The connection broke while the server was committing, and could not be made again to find out how that ended. The push took effect as a whole or not at all; the next fetch or push finds out which.";
RB0925 HISTORY_ALTERED "a history that does not hold"
"What a revision in the database holds does not have the digest that the revision says. Somebody wrote into `robbieblocks_revisions` or `robbieblocks_revision_entities`, past the triggers that forbid it. Nothing was done.";
RB0926 NOT_IN_FILES "rows that no file can hold"
"Rows were left out of the history because they have errors, or because no file can hold them. What git has of them stays as it was until the rows are mended.";
RB0927 NOT_SYNCED "a repository that is not ready for it"
"`rbgen pull`, `push` and `sync` need a git repository with the site in it, at least one commit, and a remote for the database, which `rbgen remote add` makes.";
RB0928 UNFINISHED_MERGE "a merge that is not finished"
"Git waits for somebody to decide the conflicts of a merge. Decide between the marks in each file, which `rbgen check` finds, `git add` it and `git commit`; or `git merge --abort` goes back to before the merge.";
RB0929 LOCAL_CHANGES "changes that are in no commit, in the way of a merge"
"A merge would overwrite files with changes that are in no commit yet, so git did not begin it. Commit them, or `git stash` them and `git stash pop` afterwards.";
RB1001 NO_TARGET "nothing to deploy to"
"No node that is meant has a target. `deploy = { dir = \"/srv/NODE\" }` in the table `[node.NODE]` of robbieblocks.toml gives it one: a folder, a folder of archives (`archives`), or a bucket (`s3`).";
RB1002 TARGET_FAILED "a target that cannot be written to"
"The disk or the store of the target refused, for the reason that the message gives. What is live stays as it was: a release is made whole before anything points at it. Deploy again when that is mended.";
RB1003 TARGET_FOREIGN "something in a target that rbgen did not put there"
"Where rbgen would write, something else stands: a file or a folder of somebody else, or the releases of another node. It is never overwritten. Move it away, or give the node a target of its own.";
RB1004 NO_RELEASE "a release that is not there"
"`rbgen rollback` goes to a release that the target still has, and this one it has not. `rbgen rollback --list` shows those that are there; how many stay is `keep` in robbieblocks.toml.";
RB1005 TURN_LOST "another deploy took over"
"Somebody else began to deploy to the same target meanwhile, because this deploy seemed to be dead, or somebody removed its lock. Nothing was switched: the other deploy decides what is live.";
RB1006 NOT_BUILT "a bundle that is not what its manifest says"
"A file of the bundle is missing from the output folder, or it is not the one that was built: something else wrote there meanwhile. Nothing was switched. Build and deploy again.";
RB1007 NO_NODE "a node that the database does not have"
"`rbgen listen` follows nodes whose row is in `robbieblocks_node_branding`, and this one has none: it is misspelled, or somebody deleted it. What is live stays until somebody takes it away.";
RB1008 STORE_UNCONDITIONAL "a store that does not hold back a second writer"
"The store takes a write that is to happen only if nobody else wrote meanwhile (`If-Match`, `If-None-Match`), and does it in any case. rbgen reads, compares and writes there, and reads again: two deploys that begin within the same moment may both believe that it is their turn. See to it that only one machine deploys there, or use a store that honours conditional writes.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_sorted_and_explained() {
        let ids: Vec<&str> = ALL_CODES.iter().map(|entry| entry.code.0).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for entry in ALL_CODES {
            assert!(entry.explanation.len() > 40, "{}", entry.code.0);
        }
    }
}
