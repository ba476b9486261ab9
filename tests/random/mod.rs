use holonomy::rand::Rng;
use holonomy::random::generator;

/// Computed from the published definitions of xoshiro256++ and SplitMix64 in integer arithmetic.
const FIRST: [(u64, [u64; 4]); 3] = [
    (
        0,
        [
            0x5317_5d61_490b_23df,
            0x61da_6f3d_c380_d507,
            0x5c0f_df91_ec9a_7bfc,
            0x02ee_bf8c_3bbe_5e1a,
        ],
    ),
    (
        1,
        [
            0xcfc5_d07f_6f03_c29b,
            0xbf42_4132_963f_e08d,
            0x19a3_7d57_57aa_f520,
            0xbf08_119f_05cd_56d6,
        ],
    ),
    (
        u64::MAX,
        [
            0x56cc_f8ce_948e_27b2,
            0xe685_8843_2e5a_5b90,
            0xe3e9_b5a4_8119_ca8b,
            0x460f_1949_5532_ae73,
        ],
    ),
];

#[test]
fn the_stream_of_a_seed_is_the_published_one() {
    for (seed, numbers) in FIRST {
        let mut rng = generator(seed);
        assert_eq!(numbers.map(|_| rng.next_u64()), numbers, "seed {seed}");
    }
}
