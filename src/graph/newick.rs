//! Trees in Newick's format: nested parentheses, as phylogenetics writes them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Graph, is_weight};
use crate::source::{Source, quote};
use crate::{Error, Result};

/// The first word of a format that holds trees among other things.
const NEXUS: &str = "#nexus";

/// The bytes that end a label without quotation marks.
const RESERVED: &[u8] = b"()[]':;,";

/// Reads a tree from a file in Newick's format, such as `(dog:0.4, (cat:0.3, lion:0.2)felid:0.1);`.
///
/// Edges run from child to parent, and their weights are the branch lengths. Nodes are numbered in
/// the order in which they begin in the file, so that the root is node 0. Details:
///
/// - Labels may be in single quotation marks; within them `''` stands for one mark. Underscores
///   are kept.
/// - Nodes without a label are called `node 1`, `node 2`, …, skipping names that are taken. Where
///   inner nodes share a label, such as a support value, all but the first get ` (2)`, ` (3)`, …
///   appended.
/// - Comments in square brackets, nested ones too, and white space are skipped.
/// - If no node has a length, the graph has no weights. A length at the root is ignored.
/// - Files in gzip are unpacked. Trees may be as deep as memory allows.
///
/// # Errors
///
/// [`Error::Io`] for a file that cannot be read; [`Error::Data`] for damaged compression, a file
/// without a tree or a NEXUS file; [`Error::Parse`], with the line, for text that breaks the
/// format, a second tree, a leaf's label that occurs more than once, a label with control
/// characters, a length that is not a number, negative or not finite, and a node without a length
/// where others have one.
///
/// # Examples
///
/// ```
/// use holonomy::graph::read_newick;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("animals.nwk");
/// std::fs::write(&path, "(dog:0.4, (cat:0.3, 'big cat':0.2)[&95]:0.1);\n").unwrap();
///
/// let tree = read_newick(&path)?;
/// assert_eq!(tree.names(), ["node 1", "dog", "node 2", "cat", "big cat"]);
/// assert_eq!(tree.edges(), [(1, 0), (2, 0), (3, 2), (4, 2)]);
/// assert_eq!(tree.weights(), Some(&[0.4, 0.1, 0.3, 0.2][..]));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn read_newick(path: impl AsRef<Path>) -> Result<Graph> {
    parse(&Source::read(path.as_ref())?)
}

/// As [`read_newick`], from bytes in memory. Errors name them `name`.
///
/// # Errors
///
/// Those of [`read_newick`], except [`Error::Io`].
///
/// # Examples
///
/// ```
/// use holonomy::graph::parse_newick;
///
/// assert_eq!(parse_newick("((a,b),c);", "a.nwk")?.node_count(), 5);
/// let error = parse_newick("((a,b),\nc:x);", "a.nwk").unwrap_err();
/// assert_eq!(error.to_string(), "a.nwk:2: expected a finite length ≥ 0, got \"x\"");
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn parse_newick(bytes: impl Into<Vec<u8>>, name: impl AsRef<Path>) -> Result<Graph> {
    parse(&Source::new(name.as_ref(), bytes.into())?)
}

fn parse(source: &Source) -> Result<Graph> {
    let start: String = source
        .text()
        .trim_start()
        .chars()
        .take(NEXUS.len())
        .collect();
    if start.eq_ignore_ascii_case(NEXUS) {
        let reason = "this is NEXUS, no tree alone: take what stands behind the = of one tree in its block TREES";
        return Err(source.unusable(reason));
    }
    let mut tokens = Tokens {
        source,
        place: 0,
        line: 1,
    };
    let nodes = read_nodes(&mut tokens)?;
    if let Some(token) = tokens.next()? {
        return Err(token.unexpected(source, "the end of the file after one tree"));
    }
    let weights = lengths(source, &nodes)?;
    let edges = (0..)
        .zip(&nodes)
        .filter_map(|(node, read)| Some((node, read.parent?)));
    let edges = edges.collect();
    Graph::new(names(source, nodes)?, edges, weights)
}

/// A node as it stands in the file.
struct Node {
    parent: Option<u32>,
    label: Option<String>,
    length: Option<f64>,
    is_leaf: bool,
    /// Where it ends, or, as far as it is read, starts.
    line: usize,
}

/// A part of the text.
struct Token<'a> {
    line: usize,
    what: What<'a>,
}

enum What<'a> {
    /// `(`, `)`, `,`, `:`, `;`
    Sign(u8),
    Word(&'a str),
    Quoted(String),
}

impl Token<'_> {
    fn unexpected(&self, source: &Source, expected: &str) -> Error {
        let got = match &self.what {
            What::Sign(sign) => quote(&char::from(*sign).to_string()),
            What::Word(word) => quote(word),
            What::Quoted(label) => quote(label),
        };
        source.error(self.line, expected, got)
    }
}

struct Tokens<'a> {
    source: &'a Source,
    place: usize,
    line: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>> {
        self.skip()?;
        let (line, start) = (self.line, self.place);
        let text = self.source.text();
        let what = match text.as_bytes().get(start) {
            None => return Ok(None),
            Some(b'\'') => What::Quoted(self.quoted()?),
            Some(b']') => {
                return Err(self.source.error(line, "[ before ]", "\"]\"".to_owned()));
            }
            Some(&sign) if RESERVED.contains(&sign) => {
                self.place += 1;
                What::Sign(sign)
            }
            Some(_) => {
                let ends =
                    |c: char| c.is_whitespace() || (c.is_ascii() && RESERVED.contains(&(c as u8)));
                let length = text[start..].find(ends).unwrap_or(text.len() - start);
                self.place += length;
                What::Word(&text[start..start + length])
            }
        };
        Ok(Some(Token { line, what }))
    }

    /// The next token where the text must not end.
    fn expect(&mut self, expected: &str) -> Result<Token<'a>> {
        let token = self.next()?;
        token.ok_or_else(|| {
            self.source
                .error(self.line, expected, "the end of the file".into())
        })
    }

    /// Passes white space and comments.
    fn skip(&mut self) -> Result<()> {
        let text = self.source.text();
        let start = self.line;
        let mut depth = 0_usize;
        for c in text[self.place..].chars() {
            match c {
                '[' => depth += 1,
                ']' if depth > 0 => depth -= 1,
                '\n' => self.line += 1,
                _ if depth > 0 || c.is_whitespace() => {}
                _ => return Ok(()),
            }
            self.place += c.len_utf8();
        }
        if depth > 0 {
            let got = "the end of the file".to_owned();
            return Err(self.source.error(start, "] at the end of a comment", got));
        }
        Ok(())
    }

    /// A label between quotation marks, of which the first is next.
    fn quoted(&mut self) -> Result<String> {
        let text = self.source.text();
        let (start, mut label) = (self.line, String::new());
        self.place += 1;
        while let Some(length) = text[self.place..].find('\'') {
            let piece = &text[self.place..self.place + length];
            label.push_str(piece);
            self.line += piece.matches('\n').count();
            self.place += length + 1;
            if !text[self.place..].starts_with('\'') {
                return Ok(label);
            }
            label.push('\'');
            self.place += 1;
        }
        Err(self.source.error(
            start,
            "' at the end of a label",
            "the end of the file".into(),
        ))
    }
}

/// What may follow at some place.
#[derive(Clone, Copy)]
enum State {
    /// A node starts.
    Node,
    /// A node's children or nothing came: a label, or what follows one.
    Label,
    /// A label came.
    Colon,
    /// A length came.
    End,
}

impl State {
    fn expected(self) -> &'static str {
        match self {
            Self::Node => "a node: (, a label, : or what follows a node",
            Self::Label => "a label, :, \",\", ) or ;",
            Self::Colon => {
                ":, \",\", ) or ; after a label (names with spaces need quotation marks)"
            }
            Self::End => "\",\", ) or ; after a length",
        }
    }
}

/// The nodes of the first tree, parents first.
fn read_nodes(tokens: &mut Tokens<'_>) -> Result<Vec<Node>> {
    let source = tokens.source;
    let mut nodes = vec![Node::new(None, tokens.line)];
    // The node that is read; the nodes above it are known by their parents.
    let mut current = 0_usize;
    let mut state = State::Node;
    let mut is_empty = true;
    loop {
        let Some(token) = tokens.next()? else {
            if is_empty {
                return Err(source.unusable("expected a tree, found an empty file"));
            }
            return Err(source.error(tokens.line, state.expected(), "the end of the file".into()));
        };
        let parent = nodes[current].parent;
        nodes[current].line = token.line;
        state = match (state, token.what) {
            (State::Node, What::Sign(b'(')) => {
                nodes[current].is_leaf = false;
                current = Node::push(source, &mut nodes, current, token.line)?;
                State::Node
            }
            (State::Node | State::Label, What::Word(label)) => {
                nodes[current].label = Some(checked(source, token.line, label.to_owned())?);
                State::Colon
            }
            (State::Node | State::Label, What::Quoted(label)) => {
                let label = checked(source, token.line, label)?;
                nodes[current].label = (!label.is_empty()).then_some(label);
                State::Colon
            }
            (State::Node | State::Label | State::Colon, What::Sign(b':')) => {
                nodes[current].length = Some(length(tokens)?);
                State::End
            }
            (_, What::Sign(b',')) if parent.is_some() => {
                let parent = parent.unwrap_or_default() as usize;
                current = Node::push(source, &mut nodes, parent, token.line)?;
                State::Node
            }
            (_, What::Sign(b')')) if parent.is_some() => {
                current = parent.unwrap_or_default() as usize;
                State::Label
            }
            (_, What::Sign(b';')) if parent.is_none() && !is_empty => return Ok(nodes),
            (_, What::Sign(b';')) if parent.is_some() => {
                let token = Token {
                    line: token.line,
                    what: What::Sign(b';'),
                };
                return Err(token.unexpected(source, "a ) for every ("));
            }
            (state, what) => {
                let token = Token {
                    line: token.line,
                    what,
                };
                return Err(token.unexpected(source, state.expected()));
            }
        };
        is_empty = false;
    }
}

impl Node {
    fn new(parent: Option<u32>, line: usize) -> Self {
        Self {
            parent,
            label: None,
            length: None,
            is_leaf: true,
            line,
        }
    }

    /// Appends a child of `parent` and gives its number.
    fn push(source: &Source, nodes: &mut Vec<Self>, parent: usize, line: usize) -> Result<usize> {
        let too_many = |_| source.unusable("expected fewer than 2³² nodes");
        let parent = u32::try_from(parent).map_err(too_many)?;
        nodes.push(Self::new(Some(parent), line));
        Ok(nodes.len() - 1)
    }
}

fn checked(source: &Source, line: usize, label: String) -> Result<String> {
    if label.chars().any(char::is_control) {
        return Err(source.error(line, "a label without control characters", quote(&label)));
    }
    Ok(label)
}

fn length(tokens: &mut Tokens<'_>) -> Result<f64> {
    const EXPECTED: &str = "a finite length ≥ 0";
    let token = tokens.expect(EXPECTED)?;
    match token.what {
        What::Word(word) => match word.parse() {
            Ok(length) if is_weight(length) => Ok(length),
            _ => Err(token.unexpected(tokens.source, EXPECTED)),
        },
        _ => Err(token.unexpected(tokens.source, EXPECTED)),
    }
}

/// The lengths of the edges, where there are any.
fn lengths(source: &Source, nodes: &[Node]) -> Result<Option<Vec<f64>>> {
    let below = || nodes.iter().filter(|node| node.parent.is_some());
    if below().all(|node| node.length.is_none()) {
        return Ok(None);
    }
    let length = |node: &Node| {
        node.length.ok_or_else(|| {
            let label = node
                .label
                .as_ref()
                .map_or("a node without a label".to_owned(), |l| quote(l));
            source.error(
                node.line,
                "a length for every node if for any",
                format!("none for {label}"),
            )
        })
    };
    below().map(length).collect::<Result<_>>().map(Some)
}

/// Different names for all nodes.
fn names(source: &Source, nodes: Vec<Node>) -> Result<Vec<String>> {
    let mut taken: HashSet<String> = HashSet::with_capacity(nodes.len());
    let mut is_first = vec![false; nodes.len()];
    for (leaves, (index, node)) in [true, false]
        .into_iter()
        .flat_map(|leaves| nodes.iter().enumerate().map(move |node| (leaves, node)))
    {
        let Some(label) = node.label.as_ref().filter(|_| node.is_leaf == leaves) else {
            continue;
        };
        is_first[index] = taken.insert(label.clone());
        if leaves && !is_first[index] {
            let expected = "a label that no other leaf has";
            return Err(source.error(node.line, expected, quote(label)));
        }
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut fresh = |label: &str, first: usize, name: &dyn Fn(usize) -> String| {
        let count = counts.entry(label.to_owned()).or_insert(first);
        loop {
            let name = name(*count);
            *count += 1;
            if taken.insert(name.clone()) {
                return name;
            }
        }
    };
    let named = nodes
        .into_iter()
        .zip(is_first)
        .map(|(node, is_first)| match node.label {
            None => fresh("", 1, &|count| format!("node {count}")),
            Some(label) if is_first => label,
            Some(label) => fresh(&label, 2, &|count| format!("{label} ({count})")),
        });
    Ok(named.collect())
}
