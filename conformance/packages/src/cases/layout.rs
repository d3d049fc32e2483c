// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong with the folder, its JSON and its claims, before anybody asks who signed it.

use crate::draft::{Draft, PACKAGE, SIGNATURE, changed};
use crate::world::World;
use crate::{Case, case};
use edge_package::limits::ATTACHMENTS_MAX;
use edge_package::{Attachment, Package, media};
use serde_json::{Value, json};

/// Ten gigabytes.
const HUGE: u64 = 10_000_000_000;

/// How often a small piece of a packed file says the same sixteen mebibytes: a gibibyte.
const REPEATED: usize = 64;

/// The honest package, and the fault where it is wanted.
fn spoilt(world: &World, faulty: bool, spoil: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = Draft::honest(world);
    if faulty {
        spoil(&mut draft);
    }
    draft
}

/// The honest package with another manifest; without the fault the same that it has.
fn forged(world: &World, faulty: bool, change: impl FnOnce(&mut Value)) -> Draft {
    let mut draft = Draft::honest(world);
    draft.forge(PACKAGE, |manifest| {
        if faulty {
            change(manifest);
        }
    });
    draft
}

/// Zeroes as gzip packs them (RFC 1952): a megabyte that unpacks to a gibibyte, in members, as many tools read them on.
fn bomb() -> Vec<u8> {
    let zeroes = vec![0; 16 << 20];
    let packed = miniz_oxide::deflate::compress_to_vec(&zeroes, 9);
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    member.extend_from_slice(&packed);
    // The checksum of that many zeroes is not looked at before it is unpacked.
    member.extend_from_slice(&[0; 4]);
    member.extend_from_slice(&u32::try_from(zeroes.len()).unwrap().to_le_bytes());
    member.repeat(REPEATED)
}

fn many_attachments(world: &World, count: usize) -> Draft {
    let package = Package::of_files(changed(&[])).unwrap();
    let bundle = world.key.sign(package.image_bytes()).unwrap().to_json().unwrap();
    let mut attachments = vec![Attachment::new(media::SIGSTORE_BUNDLE, bundle.into_bytes())];
    let note = |number: usize| Attachment::new(media::IN_TOTO, format!("{{\"note\":{number}}}").into_bytes());
    attachments.extend((1..count).map(note));
    Draft::attached(world, package, attachments)
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn cases() -> Vec<Case> {
    vec![
        case("a layout of another version", "layout", |world, faulty| {
            spoilt(world, faulty, |draft| {
                draft.bytes("oci-layout", |bytes| *bytes = br#"{"imageLayoutVersion":"2.0.0"}"#.to_vec())
            })
        }),
        case("duplicate keys in the index", "index", |world, faulty| {
            spoilt(world, faulty, |draft| {
                draft.bytes("index.json", |bytes| drop(bytes.splice(..1, br#"{"manifests":[],"#.iter().copied())));
            })
        }),
        case("an index nested ten thousand deep", "index", |world, faulty| {
            spoilt(world, faulty, |draft| draft.bytes("index.json", |bytes| *bytes = "[".repeat(10_000).into_bytes()))
        }),
        case("an index that is cut off", "index", |world, faulty| {
            spoilt(world, faulty, |draft| draft.bytes("index.json", |bytes| bytes.truncate(bytes.len() - 1)))
        }),
        case("10 GB claimed for a manifest", "index", |world, faulty| {
            spoilt(world, faulty, |draft| draft.index(|index| index["manifests"][PACKAGE]["size"] = json!(HUGE)))
        }),
        case("a digest that is a path", "index", |world, faulty| {
            spoilt(world, faulty, |draft| {
                draft.index(|index| index["manifests"][PACKAGE]["digest"] = json!("sha256:../../../../etc/passwd"));
            })
        }),
        case("a thousand attachments", "index", |world, faulty| {
            many_attachments(world, if faulty { 1_000 } else { ATTACHMENTS_MAX })
        }),
        case("one attachment too many", "index", |world, faulty| {
            many_attachments(world, ATTACHMENTS_MAX + usize::from(faulty))
        }),
        case("the index is a link", "index", |world, faulty| spoilt(world, faulty, |draft| draft.link("index.json"))),
        case("the folder of the blobs is a link", "manifest", |world, faulty| {
            spoilt(world, faulty, |draft| draft.link("blobs"))
        }),
        case("the manifest is another one than the index says", "manifest", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.manifest(PACKAGE);
                draft.bytes(&name, |bytes| bytes[10] ^= 1);
            })
        }),
        case("two manifests", "manifest", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let mut second = draft.json(&draft.manifest(PACKAGE));
                second["annotations"][media::VERSION] = json!("9.9.9");
                let mut descriptor = draft.json("index.json")["manifests"][PACKAGE].clone();
                draft.put(&mut descriptor, &edge_package::json::canonical(&second));
                draft.index(|index| index["manifests"].as_array_mut().unwrap().push(descriptor));
            })
        }),
        case("no manifest of a package", "manifest", |world, faulty| {
            spoilt(world, faulty, |draft| {
                draft.index(|index| drop(index["manifests"].as_array_mut().unwrap().remove(PACKAGE)));
            })
        }),
        case("duplicate keys in the manifest", "manifest", |world, faulty| {
            let mut draft = Draft::honest(world);
            let key = if faulty { r#"{"layers":[],"# } else { "{" };
            draft.manifest_text(PACKAGE, |text| text.replacen('{', key, 1).into_bytes());
            draft
        }),
        case("10 GB claimed for a layer", "layers", |world, faulty| {
            forged(world, faulty, |manifest| manifest["layers"][0]["size"] = json!(HUGE))
        }),
        case("10 GB claimed by many layers together", "layers", |world, faulty| {
            forged(world, faulty, |manifest| {
                let layer = manifest["layers"][2].clone();
                let many = (0..2_500).map(|number| {
                    let mut layer = layer.clone();
                    layer["size"] = json!(4 << 20);
                    layer["annotations"][media::TITLE] = json!(format!("migrations/{number}.sql"));
                    layer
                });
                manifest["layers"] = many.collect();
            })
        }),
        case("a path that leads out of the package", "layers", |world, faulty| {
            forged(world, faulty, |manifest| {
                manifest["layers"][2]["annotations"][media::TITLE] = json!("../../../etc/cron.d/x");
            })
        }),
        case("an absolute path", "layers", |world, faulty| {
            forged(world, faulty, |manifest| manifest["layers"][2]["annotations"][media::TITLE] = json!("/etc/passwd"))
        }),
        case("two layers of one path", "layers", |world, faulty| {
            forged(world, faulty, |manifest| {
                manifest["layers"][3]["annotations"] = manifest["layers"][2]["annotations"].clone();
            })
        }),
        case("a packed layer that unpacks to a gibibyte", "layers", |world, faulty| {
            // As a file among the documents it is a file: nothing unpacks it.
            let mut draft = Draft::of_changed(world, &[("docs/zeroes.gz", &bomb())]);
            draft.forge(PACKAGE, |manifest| {
                let layers = manifest["layers"].as_array_mut().unwrap();
                let layer = layers.iter_mut().find(|one| one["annotations"][media::TITLE] == "docs/zeroes.gz").unwrap();
                if faulty {
                    layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
                }
            });
            draft
        }),
        case("another kind of artifact", "layers", |world, faulty| {
            forged(world, faulty, |manifest| manifest["artifactType"] = json!("application/vnd.example.image"))
        }),
        case("a layer that is another one than the manifest says", "contents", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(PACKAGE, 0);
                draft.bytes(&name, |bytes| bytes[20] ^= 1);
            })
        }),
        case("a layer that is cut off", "contents", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(PACKAGE, 0);
                draft.bytes(&name, |bytes| bytes.truncate(bytes.len() / 2));
            })
        }),
        case("a layer that goes on", "contents", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(PACKAGE, 2);
                draft.bytes(&name, |bytes| bytes.extend_from_slice(b"DROP TABLE cars;"));
            })
        }),
        case("a layer that is a link", "contents", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(PACKAGE, 1);
                draft.link(&name);
            })
        }),
        case("a layer that is a pipe", "contents", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(PACKAGE, 1);
                draft.pipe(&name);
            })
        }),
        case("layers in another order", "package", |world, faulty| {
            forged(world, faulty, |manifest| manifest["layers"].as_array_mut().unwrap().swap(2, 3))
        }),
        case("another version in the annotations", "package", |world, faulty| {
            forged(world, faulty, |manifest| manifest["annotations"][media::VERSION] = json!("9.9.9"))
        }),
        case("a field that nobody knows", "package", |world, faulty| {
            forged(world, faulty, |manifest| manifest["layers"][0]["urls"] = json!(["https://example.org/other.wasm"]))
        }),
        case("JSON that is not canonical", "package", |world, faulty| {
            let mut draft = Draft::honest(world);
            let comma = if faulty { ", " } else { "," };
            draft.manifest_text(PACKAGE, |text| text.replacen(',', comma, 1).into_bytes());
            draft
        }),
        case("a signature of another package", "attachments", |world, faulty| {
            let mut draft = Draft::honest(world);
            draft.forge(SIGNATURE, |manifest| {
                if faulty {
                    manifest["subject"]["digest"] = manifest["config"]["digest"].clone();
                }
            });
            draft
        }),
        case("10 GB claimed for an attachment", "attachments", |world, faulty| {
            let mut draft = Draft::honest(world);
            draft.forge(SIGNATURE, |manifest| {
                if faulty {
                    manifest["layers"][0]["size"] = json!(HUGE);
                }
            });
            draft
        }),
        case("an attachment that is cut off", "attachments", |world, faulty| {
            spoilt(world, faulty, |draft| {
                let name = draft.layer(SIGNATURE, 0);
                draft.bytes(&name, |bytes| bytes.truncate(bytes.len() - 1));
            })
        }),
    ]
}
