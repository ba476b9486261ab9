//! word2vec's text format, as fastText and gensim write and read it.

use std::fmt::Write;

use super::text::{self, Points, lines, push_number};
use crate::Result;
use crate::embed::model::Model;
use crate::embed::named::NamedEmbedding;
use crate::source::{Source, quote};

const SPACE: char = ' ';

pub(super) fn text(embedding: &NamedEmbedding) -> Result<String> {
    let size = embedding.points().size();
    let mut text = format!("{} {}\n", size[0], size[1]);
    for (name, point) in text::rows(embedding)? {
        let _ = write!(text, "{}", escape(name));
        for number in point {
            text.push(SPACE);
            push_number(&mut text, number);
        }
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn parse(source: &Source, model: Model) -> Result<NamedEmbedding> {
    let mut lines = lines(source)?;
    let header = lines.next().map_or("", |(_, line)| line);
    let (count, width) = counts(source, header)?;
    let mut points = Points::new(source, model, width, 1)?;
    let mut last = (0, 1);
    for (index, (line, text)) in (1..).zip(lines) {
        if index > count {
            let got = format!("line {line}");
            return Err(source.error(line, format!("{count} points as line 1 says"), got));
        }
        // The tools in C end each line with a space.
        let mut fields: Vec<&str> = text
            .trim_end_matches(SPACE)
            .rsplitn(width + 1, SPACE)
            .collect();
        if fields.len() != width + 1 {
            let expected = format!("a name and {width} coordinates, separated by spaces");
            return Err(source.error(line, expected, quote(text)));
        }
        points.name(line, &unescape(fields.pop().unwrap_or_default()))?;
        points.numbers(line, fields.into_iter().rev())?;
        last = (index, line);
    }
    if last.0 != count {
        let expected = format!("{count} points as line 1 says");
        return Err(source.error(last.1, expected, format!("the end after {}", last.0)));
    }
    points.finish()
}

/// The number of points and of their coordinates.
fn counts(source: &Source, header: &str) -> Result<(usize, usize)> {
    let mut numbers = header.split_ascii_whitespace().map(str::parse::<usize>);
    let (Some(Ok(count)), Some(Ok(width)), None) = (numbers.next(), numbers.next(), numbers.next())
    else {
        let mut expected = "the number of points and the number of coordinates".to_owned();
        let mut fields = header.split_ascii_whitespace().skip(1);
        // GloVe's files have no such line.
        if header.split_ascii_whitespace().count() > 2 && fields.all(|f| f.parse::<f64>().is_ok()) {
            let width = header.split_ascii_whitespace().count() - 1;
            let count = lines(source)?.count();
            let _ = write!(
                expected,
                " (put the line \"{count} {width}\" on top of vectors without one)"
            );
        }
        return Err(source.error(1, expected, quote(header)));
    };
    // Every number takes a character, so that no count is believed that the file cannot hold.
    let fits = |numbers: usize| numbers <= source.text().len();
    if !count.checked_mul(width).is_some_and(fits) || !fits(width) {
        let expected = "counts that a file of this size can hold";
        return Err(source.error(1, expected, quote(header)));
    }
    Ok((count, width))
}

fn escape(name: &str) -> String {
    name.replace('%', "%25").replace(SPACE, "%20")
}

fn unescape(name: &str) -> String {
    name.replace("%20", " ").replace("%25", "%")
}
