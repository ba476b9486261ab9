//! The database files of WordNet.
//!
//! `data.noun` has one line for each synset. `index.noun` has one line for each lemma, with the
//! offsets of its synsets, the most frequent sense first. Lines that start with two spaces are the
//! licence (manual page wndb(5)).

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::str::SplitAsciiWhitespace;

use super::Graph;
use crate::Result;
use crate::source::{Source, quote};

/// Where a synset stands in its file, which is how WordNet's pointers name it.
type Offset = u32;

/// Pointers from a synset to its hypernym, and from an instance to its class.
const PARENT_POINTERS: [&str; 2] = ["@", "@i"];
const LICENCE_INDENT: &str = "  ";

/// The noun hierarchy of a WordNet folder, read from its `data.noun` and `index.noun`.
///
/// Nodes are the noun synsets in the order of `data.noun`; edges run from a synset to its
/// hypernyms (`@`) and, for instances, to their classes (`@i`). A synset is named by its first
/// word in lower case, the part of speech and the number of the sense:
///
/// ```text
/// mammal.n.01 = first word "mammal", whose entry in index.noun lists this synset first
/// ```
///
/// WordNet 3.0 has 82,115 noun synsets with 84,427 such edges, whose
/// [transitive closure](Graph::transitive_closure) has 743,241 pairs; the
/// [subtree](Graph::subtree) of `mammal.n.01` has 1,182 nodes (12 of them instances) and its
/// closure 6,542 pairs. Pairs (x, x) are not among them, nor those with ancestors above
/// `mammal.n.01`.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for a missing file, [`Error::Parse`](crate::Error::Parse) for a
/// line that does not follow the format, for a pointer to a missing synset and for a word that is
/// not in the index, [`Error::Data`](crate::Error::Data) for a file without synsets.
pub fn read_wordnet_nouns(folder: impl AsRef<Path>) -> Result<Graph> {
    let folder = folder.as_ref();
    let index_source = Source::read(&folder.join("index.noun"))?;
    let data = Source::read(&folder.join("data.noun"))?;
    let index = read_index(&index_source)?;
    let synsets = read_synsets(&data)?;
    let names = synsets
        .iter()
        .map(|synset| name(synset, &index, &data, &index_source))
        .collect::<Result<_>>()?;
    Graph::new(names, edges(&synsets, &data)?, None)
}

/// One line of `data.noun`, as far as the hierarchy needs it.
struct Synset {
    line: usize,
    offset: Offset,
    /// The first word in lower case.
    lemma: String,
    parents: Vec<Offset>,
}

/// The synsets of every lemma, in the order of its senses.
fn read_index(source: &Source) -> Result<HashMap<&str, Vec<Offset>>> {
    let mut index = HashMap::new();
    for mut fields in entries(source) {
        let lemma = fields.next("a lemma")?;
        fields.literal("n", "the part of speech n")?;
        let synset_count = fields.number("the number of synsets", 10)?;
        for _ in 0..fields.number("the number of pointer kinds", 10)? {
            fields.next("a pointer symbol")?;
        }
        fields.number("the number of senses", 10)?;
        fields.number("the number of tagged senses", 10)?;
        let offsets = (0..synset_count)
            .map(|_| fields.number("a synset offset", 10))
            .collect::<Result<_>>()?;
        fields.end()?;
        if index.insert(lemma, offsets).is_some() {
            return Err(fields.error("every lemma once", quote(lemma)));
        }
    }
    Ok(index)
}

fn read_synsets(source: &Source) -> Result<Vec<Synset>> {
    let synsets = entries(source)
        .map(read_synset)
        .collect::<Result<Vec<_>>>()?;
    if synsets.is_empty() {
        return Err(source.unusable("expected noun synsets, found none"));
    }
    Ok(synsets)
}

fn read_synset(mut fields: Fields) -> Result<Synset> {
    let offset = fields.number("a synset offset", 10)?;
    fields.number("the number of a lexicographer file", 10)?;
    fields.literal("n", "the synset type n")?;
    let word_count = fields.number("the number of words", 16)?;
    if word_count == 0 {
        return Err(fields.error("at least one word", "none".to_owned()));
    }
    let lemma = fields.word()?.to_lowercase();
    for _ in 1..word_count {
        fields.word()?;
    }
    let mut parents = Vec::new();
    for _ in 0..fields.number("the number of pointers", 10)? {
        parents.extend(fields.parent_pointer()?);
    }
    fields.literal("|", "| before the gloss")?;
    Ok(Synset {
        line: fields.line,
        offset,
        lemma,
        parents,
    })
}

/// Such as `mammal.n.01`.
fn name(
    synset: &Synset,
    index: &HashMap<&str, Vec<Offset>>,
    data: &Source,
    index_source: &Source,
) -> Result<String> {
    let sense = index
        .get(synset.lemma.as_str())
        .and_then(|senses| senses.iter().position(|&offset| offset == synset.offset))
        .ok_or_else(|| {
            let index_path = index_source.path().display();
            let expected = format!("a word that {index_path} lists with this synset");
            data.error(synset.line, expected, quote(&synset.lemma))
        })?;
    Ok(format!("{}.n.{:02}", synset.lemma, sense + 1))
}

fn edges(synsets: &[Synset], source: &Source) -> Result<Vec<(u32, u32)>> {
    let mut nodes = HashMap::with_capacity(synsets.len());
    for (node, synset) in (0_u32..).zip(synsets) {
        if nodes.insert(synset.offset, node).is_some() {
            let got = format!("{:08} again", synset.offset);
            return Err(source.error(synset.line, "every synset offset once", got));
        }
    }
    let mut edges = Vec::new();
    for (child, synset) in (0_u32..).zip(synsets) {
        let mut seen = HashSet::from([child]);
        for &offset in &synset.parents {
            let wrong =
                |expected: &str| source.error(synset.line, expected, format!("{offset:08}"));
            let parent = *nodes
                .get(&offset)
                .ok_or_else(|| wrong("the offset of a synset of this file as hypernym"))?;
            if !seen.insert(parent) {
                return Err(wrong(
                    "hypernyms that differ from each other and from the synset",
                ));
            }
            edges.push((child, parent));
        }
    }
    Ok(edges)
}

/// The lines of a database file after its licence.
fn entries(source: &Source) -> impl Iterator<Item = Fields<'_>> {
    (1..)
        .zip(source.text().lines())
        .filter(|(_, text)| !text.starts_with(LICENCE_INDENT))
        .map(|(line, text)| Fields {
            source,
            line,
            rest: text.split_ascii_whitespace(),
        })
}

/// The fields of one line, read from left to right.
struct Fields<'a> {
    source: &'a Source,
    line: usize,
    rest: SplitAsciiWhitespace<'a>,
}

impl<'a> Fields<'a> {
    fn error(&self, expected: impl Into<String>, got: String) -> crate::Error {
        self.source.error(self.line, expected, got)
    }

    fn next(&mut self, expected: &str) -> Result<&'a str> {
        self.rest
            .next()
            .ok_or_else(|| self.error(expected, "the end of the line".to_owned()))
    }

    fn number(&mut self, expected: &str, radix: u32) -> Result<u32> {
        let field = self.next(expected)?;
        u32::from_str_radix(field, radix).map_err(|_| self.error(expected, quote(field)))
    }

    fn literal(&mut self, literal: &str, expected: &str) -> Result<()> {
        match self.next(expected)? {
            field if field == literal => Ok(()),
            field => Err(self.error(expected, quote(field))),
        }
    }

    /// A word and its number within the lexicographer file.
    fn word(&mut self) -> Result<&'a str> {
        let word = self.next("a word")?;
        self.number("the lexical number of a word", 16)?;
        Ok(word)
    }

    /// A pointer's target when it leads to a parent.
    fn parent_pointer(&mut self) -> Result<Option<Offset>> {
        let symbol = self.next("a pointer symbol")?;
        let target = self.number("the offset of a pointer's target", 10)?;
        let part_of_speech = self.next("a part of speech")?;
        self.number("the source and target words of a pointer", 16)?;
        if !PARENT_POINTERS.contains(&symbol) {
            return Ok(None);
        }
        if part_of_speech != "n" {
            return Err(self.error("a hypernym among the nouns (n)", quote(part_of_speech)));
        }
        Ok(Some(target))
    }

    fn end(&mut self) -> Result<()> {
        match self.rest.next() {
            None => Ok(()),
            Some(field) => Err(self.error("the end of the line", quote(field))),
        }
    }
}
