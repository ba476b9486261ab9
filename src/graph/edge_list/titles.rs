//! What the titles of columns say.

/// Words for the lower end of a hierarchy's edge, and for its upper end.
const CHILD: [&str; 11] = [
    "child",
    "hyponym",
    "descendant",
    "subclass",
    "subtype",
    "subcategory",
    "narrower",
    "specific",
    "son",
    "daughter",
    "instance",
];
const PARENT: [&str; 10] = [
    "parent",
    "hypernym",
    "ancestor",
    "superclass",
    "supertype",
    "supercategory",
    "broader",
    "general",
    "father",
    "mother",
];
const WEIGHT: &str = "weight";

/// Titles of the ends of edges that have no direction in a hierarchy, in lower case.
const ENDS: [(&str, &str); 11] = [
    ("source", "target"),
    ("src", "dst"),
    ("from", "to"),
    ("fromnodeid", "tonodeid"),
    ("tail", "head"),
    ("head", "tail"),
    ("id1", "id2"),
    ("id_1", "id_2"),
    ("node1", "node2"),
    ("node_1", "node_2"),
    ("u", "v"),
];

/// Where the ends of the edges stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) child: usize,
    pub(super) parent: usize,
    pub(super) weight: Option<usize>,
    /// How many columns there are.
    pub(super) count: usize,
}

impl Columns {
    /// Child, parent and, where there are three, weight.
    pub(super) fn in_order(count: usize) -> Self {
        Self {
            child: 0,
            parent: 1,
            weight: (count > 2).then_some(2),
            count,
        }
    }

    /// These columns behind others.
    pub(super) fn moved(self, by: usize) -> Self {
        Self {
            child: self.child + by,
            parent: self.parent + by,
            weight: self.weight.map(|column| column + by),
            count: self.count + by,
        }
    }

    /// The columns that titles name: of a child and a parent, or of one of them and one column beside it, or of a
    /// source and a target at the start. `None` where they say nothing.
    pub(super) fn of_titles(titles: &[String]) -> Option<Self> {
        let only = |is: fn(&str) -> bool| {
            let mut found = (0..titles.len()).filter(|&column| is(&titles[column]));
            (found.next(), found.next().is_none())
        };
        let ((child, one_child), (parent, one_parent)) = (only(is_child), only(is_parent));
        let (weight, _) = only(is_weight);
        let count = titles.len();
        if !one_child || !one_parent || child.is_some() && child == parent {
            return None;
        }
        // The other end, where the titles leave no choice.
        let beside = |known: usize| {
            let mut others = (0..count).filter(|&column| column != known && Some(column) != weight);
            others.next().filter(|_| others.next().is_none())
        };
        let (child, parent) = match (child, parent) {
            (Some(child), Some(parent)) => (child, parent),
            (Some(child), None) => (child, beside(child).or_else(|| third(child, count))?),
            (None, Some(parent)) => (beside(parent).or_else(|| third(parent, count))?, parent),
            (None, None) if starts_with_ends(titles) => (0, 1),
            (None, None) => return None,
        };
        let left = (0..count).find(|column| ![child, parent].contains(column));
        Some(Self {
            child,
            parent,
            weight: weight.or(left.filter(|_| count == 3)),
            count,
        })
    }
}

/// Of three columns of which the first two hold one known end, the other of the two: the third has weights.
fn third(known: usize, count: usize) -> Option<usize> {
    (count == 3 && known < 2).then(|| 1 - known)
}

pub(super) fn is_child(title: &str) -> bool {
    words(title)
        .iter()
        .any(|word| CHILD.contains(&word.as_str()))
}

pub(super) fn is_parent(title: &str) -> bool {
    words(title)
        .iter()
        .any(|word| PARENT.contains(&word.as_str()))
}

fn is_weight(title: &str) -> bool {
    words(title).iter().any(|word| word == WEIGHT)
}

/// Whether the titles are ones that edge lists often have.
pub(super) fn are_usual(titles: &[String]) -> bool {
    starts_with_ends(titles)
        || titles
            .iter()
            .any(|title| is_child(title) || is_parent(title))
}

fn starts_with_ends(titles: &[String]) -> bool {
    let lower: Vec<String> = titles.iter().map(|title| title.to_lowercase()).collect();
    let ends = |&(a, b): &(&str, &str)| lower.len() > 1 && lower[0] == a && lower[1] == b;
    ENDS.iter().any(ends)
}

/// The words of a title such as `parent_id`, `ParentTaxon` or `parent name`, in lower case.
fn words(title: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in title.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(titles: &[&str]) -> Option<(usize, usize, Option<usize>)> {
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        let found = Columns::of_titles(&titles)?;
        Some((found.child, found.parent, found.weight))
    }

    #[test]
    fn titles_tell_where_the_ends_stand() {
        assert_eq!(columns(&["child", "parent"]), Some((0, 1, None)));
        assert_eq!(columns(&["Parent", "Child"]), Some((1, 0, None)));
        assert_eq!(columns(&["name", "parent_id"]), Some((0, 1, None)));
        assert_eq!(columns(&["ParentName", "name"]), Some((1, 0, None)));
        assert_eq!(
            columns(&["hypernym", "hyponym", "n"]),
            Some((1, 0, Some(2)))
        );
        assert_eq!(columns(&["parent", "name", "n"]), Some((1, 0, Some(2))));
        assert_eq!(
            columns(&["", "weight", "child", "parent"]),
            Some((2, 3, Some(1)))
        );
        assert_eq!(columns(&["Source", "Target"]), Some((0, 1, None)));
        assert_eq!(
            columns(&["source", "target", "label", "weight"]),
            Some((0, 1, Some(3)))
        );
        assert_eq!(columns(&["a", "b"]), None);
        assert_eq!(columns(&["parent", "parent"]), None);
        assert_eq!(columns(&["parent", "a", "b", "c"]), None);
        assert_eq!(columns(&["transparent", "person"]), None);
    }
}
