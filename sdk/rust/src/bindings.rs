// SPDX-License-Identifier: MIT OR Apache-2.0
//! The platform's interfaces, generated once. Components name them by `with` (see [`crate::bindings!`]) and share the
//! types. Nothing in here is written by hand.
#![expect(missing_docs, reason = "the resource types that wit-bindgen generates carry none")]

wit_bindgen::generate!({
    inline: "
        package cortex:sdk;

        world platform {
            import cortex:types/types@1.0.0;
            import cortex:context/context@1.0.0;
            import cortex:log/log@1.0.0;
            import cortex:log/progress@1.0.0;
            import cortex:storage/sql@1.0.0;
        }
    ",
    path: ["../../wit/types-1.0.0", "../../wit/context-1.0.0", "../../wit/log-1.0.0", "../../wit/storage-1.0.0"],
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq],
});
