;; SPDX-License-Identifier: MIT OR Apache-2.0
;; Hands its arguments to cortex:storage/sql and the answers back: both sides lie in the same memory in the same form.
(module
  (import "cortex:storage/sql@1.0.0" "query" (func $query (param i32 i32 i32 i32 i32)))
  (import "cortex:storage/sql@1.0.0" "execute" (func $execute (param i32 i32 i32 i32 i32)))
  (import "cortex:storage/sql@1.0.0" "execute-many" (func $execute_many (param i32 i32 i32 i32 i32)))
  (import "cortex:storage/sql@1.0.0" "[static]savepoint.open" (func $open (param i32)))
  (import "cortex:storage/sql@1.0.0" "[static]savepoint.release" (func $release (param i32 i32)))
  (import "cortex:storage/sql@1.0.0" "[static]savepoint.rollback" (func $rollback (param i32 i32)))
  (import "cortex:storage/sql@1.0.0" "[resource-drop]savepoint" (func $drop (param i32)))
  (memory (export "memory") 16)
  (global $next (mut i32) (i32.const 1024))
  (func $allocate (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $start i32)
    (local.set $start (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $start) (local.get 3)))
    (local.get $start))
  (func $area (result i32) (call $allocate (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 64)))
  (func (export "test:a/api@1.0.0#query") (param i32 i32 i32 i32) (result i32)
    (local $r i32)
    (call $query (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.tee $r (call $area)))
    (local.get $r))
  (func $run (export "test:a/api@1.0.0#execute") (param i32 i32 i32 i32) (result i32)
    (local $r i32)
    (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.tee $r (call $area)))
    (local.get $r))
  (func (export "test:a/api@1.0.0#execute-many") (param i32 i32 i32 i32) (result i32)
    (local $r i32)
    (call $execute_many (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.tee $r (call $area)))
    (local.get $r))
  ;; The statement inside a savepoint. Then 0: leave it open, 1: release, 2: roll back, 3: drop; 4: no savepoint, and an
  ;; error as the answer; 5: no savepoint, and a trap.
  (func (export "test:a/api@1.0.0#within") (param i32 i32 i32 i32 i32) (result i32)
    (local $s i32) (local $r i32)
    (if (i32.lt_u (local.get 4) (i32.const 4)) (then
      (call $open (local.tee $s (call $area)))
      (if (i32.load8_u (local.get $s)) (then unreachable))))
    (local.set $r (call $run (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (if (i32.eq (local.get 4) (i32.const 1)) (then (call $release (i32.load offset=4 (local.get $s)) (call $area))))
    (if (i32.eq (local.get 4) (i32.const 2)) (then (call $rollback (i32.load offset=4 (local.get $s)) (call $area))))
    (if (i32.eq (local.get 4) (i32.const 3)) (then (call $drop (i32.load offset=4 (local.get $s)))))
    (if (i32.eq (local.get 4) (i32.const 4)) (then
      (i32.store8 (local.get $r) (i32.const 1))
      (i32.store8 offset=8 (local.get $r) (i32.const 2))
      (i32.store offset=12 (local.get $r) (i32.const 0))
      (i32.store offset=16 (local.get $r) (i32.const 0))))
    (if (i32.eq (local.get 4) (i32.const 5)) (then unreachable))
    (local.get $r))
  ;; Opens savepoints, answers the first failure. Then 0: leave them, 1: release the first, 2: drop the first and release
  ;; the last, 3: release all from the last to the first (the handles follow each other).
  (func (export "test:a/api@1.0.0#open") (param $count i32) (param $then i32) (result i32)
    (local $r i32) (local $first i32) (local $last i32)
    (loop $more
      (call $open (local.tee $r (call $area)))
      (if (i32.load8_u (local.get $r)) (then (return (local.get $r))))
      (local.set $last (i32.load offset=4 (local.get $r)))
      (if (i32.eqz (local.get $first)) (then (local.set $first (local.get $last))))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (if (i32.eq (local.get $then) (i32.const 1)) (then (call $release (local.get $first) (local.get $r))))
    (if (i32.eq (local.get $then) (i32.const 2)) (then
      (call $drop (local.get $first))
      (call $release (local.get $last) (local.get $r))))
    (if (i32.eq (local.get $then) (i32.const 3)) (then
      (loop $back
        (call $release (local.get $last) (local.get $r))
        (if (i32.load8_u (local.get $r)) (then (return (local.get $r))))
        (local.set $last (i32.sub (local.get $last) (i32.const 1)))
        (br_if $back (i32.ge_u (local.get $last) (local.get $first))))))
    (local.get $r)))
