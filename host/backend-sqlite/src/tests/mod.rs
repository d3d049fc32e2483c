// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the store as the host uses it, through the kernel's and cap-storage's own interfaces. The first wall is out of
//! the way: statements arrive as they are written here.

mod answers;
mod batch;
mod both_walls;
mod budget;
mod crash;
mod documents;
mod ends;
mod failures;
mod fixture;
mod idle;
mod interrupt;
mod migrations;
mod model;
mod reads;
mod semantics;
mod shutdown;
mod wall;
