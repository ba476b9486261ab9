use super::*;

/// e^(−|x − y|) of points of the plane, which is positive definite.
fn entry(i: usize, j: usize) -> f64 {
    let place = |i: usize| {
        let i = i as f64;
        (4.0 * (12.9898 * i).sin(), 4.0 * (78.233 * i).sin())
    };
    let ((a, b), (c, d)) = (place(i), place(j));
    (-(a - c).hypot(b - d)).exp()
}

fn factor<T: Number<W>, const W: usize>(size: usize) -> Cholesky<T, W> {
    let write = |row, columns: Range<usize>, out: &mut [f64]| {
        for (out, column) in out.iter_mut().zip(columns) {
            // What is above the diagonal is not used.
            *out = if column > row {
                f64::NAN
            } else {
                entry(row, column)
            };
        }
    };
    Cholesky::new(size, write).unwrap()
}

fn at<T: Number<W>, const W: usize>(factor: &Cholesky<T, W>, row: usize, column: usize) -> f64 {
    factor.panel(row / W)[column][row % W].wide()
}

/// Sizes below, at and above a vector, a block of factorisations and one of solves.
const SIZES: [usize; 10] = [1, 7, 8, 15, 16, 17, 128, 129, 300, 517];

fn check<T: Number<W>, const W: usize>(epsilon: f64) {
    for size in SIZES {
        let factor = factor::<T, W>(size);
        let smallest = (0..size)
            .map(|i| at(&factor, i, i))
            .fold(f64::INFINITY, f64::min);
        assert_eq!(
            at(&factor, factor.smallest_pivot(), factor.smallest_pivot()),
            smallest
        );
        for i in 0..size {
            for j in 0..=i {
                let product: f64 = (0..=j).map(|k| at(&factor, i, k) * at(&factor, j, k)).sum();
                assert!(
                    (product - entry(i, j)).abs() < 8.0 * epsilon,
                    "{size}: ({i}, {j})"
                );
            }
        }
        // Several columns at once are those of each.
        let columns: Vec<Vec<f64>> = (0..3)
            .map(|c| (0..size).map(|i| ((i * (c + 1)) as f64).cos()).collect())
            .collect();
        let solved = factor.solve(&columns);
        for (b, x) in columns.iter().zip(&solved) {
            assert_eq!(x, &factor.solve(std::slice::from_ref(b))[0]);
            let largest = x.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            for (i, wanted) in b.iter().enumerate() {
                let image: f64 = (0..size).map(|j| entry(i, j) * x[j]).sum();
                let allowed = 16.0 * epsilon * largest * (size as f64).sqrt();
                assert!(
                    (image - wanted).abs() < allowed,
                    "{size}: {i}: {}",
                    image - wanted
                );
            }
        }
    }
}

#[test]
fn factors_and_solutions_are_right_to_rounding() {
    check::<f32, 16>(f64::from(f32::EPSILON));
    check::<f64, 16>(f64::EPSILON);
}

#[test]
fn the_first_pivot_that_is_not_positive_is_named() {
    for size in [1, 20, 300] {
        for bad in [0, 5, 130, 299] {
            for value in [-1.0, 0.0, f64::NAN] {
                let write = |row, columns: Range<usize>, out: &mut [f64]| {
                    for (out, column) in out.iter_mut().zip(columns) {
                        *out = f64::from(u8::from(row == column));
                        if row == column && row >= bad {
                            *out = value;
                        }
                    }
                };
                let single = SingleCholesky::new(size, write).err();
                let double = DoubleCholesky::new(size, write).err();
                let expected = (bad < size).then_some(bad + 1);
                assert_eq!((single, double), (expected, expected), "{size}, {bad}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_bits() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let factor: SingleCholesky = factor(517);
            let solved = factor.solve(&[(0..517).map(|i| f64::from(i).sin()).collect()]);
            (factor.columns, solved)
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn no_rows_are_factored() {
    let factor: DoubleCholesky = factor(0);
    assert_eq!(
        (factor.smallest_pivot(), factor.solve(&[vec![]])),
        (0, vec![vec![]])
    );
}
