//! The laws, on every manifold of the crate and on one written here as a user would.

mod mutants;
mod oracle;
mod suite;
mod toy;

use holonomy::laws::LAWS;

#[test]
fn macro_and_table_name_the_same_laws() {
    let listed = holonomy::__all_law_names! { __law_name_list [] };
    let table: Vec<&str> = LAWS.iter().map(|law| law.name).collect();
    assert_eq!(listed.as_slice(), table);
}
