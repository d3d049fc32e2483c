;; SPDX-License-Identifier: MIT OR Apache-2.0
;; Changes something, calls the other component, does not mind how that ends, and changes something again.
(module
  (import "cortex:storage/sql@1.0.0" "execute" (func $execute (param i32 i32 i32 i32 i32)))
  (import "test:a/api@1.0.0" "within" (func $within (param i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func $allocate (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $start i32)
    (local.set $start (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $start) (local.get 3)))
    (local.get $start))
  (func $area (result i32) (call $allocate (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 64)))
  (func (export "test:b/api@1.0.0#run") (param i32 i32 i32 i32 i32) (result i32)
    (local $r i32)
    (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (call $area))
    (call $within (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (call $area))
    (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.tee $r (call $area)))
    (local.get $r)))
