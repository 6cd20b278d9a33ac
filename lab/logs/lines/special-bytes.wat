;; Finds the bytes that end a run of plain text in JSON: quotes, backslashes and control characters, line feeds among
;; them. JavaScript reads a byte or four at a time; this reads 64.
;;
;; special-bytes.wasm is this file, assembled: npx --yes --package wabt@1.0.39 wat2wasm special-bytes.wat
(module
  (memory (import "host" "memory") 1)

  ;; One bit for each of 16 bytes.
  (func $special (param $bytes v128) (result i32)
    (i8x16.bitmask
      (v128.or
        (v128.or
          (i8x16.eq (local.get $bytes) (v128.const i8x16 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34))
          (i8x16.eq (local.get $bytes) (v128.const i8x16 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92)))
        (i8x16.lt_u (local.get $bytes) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32)))))

  ;; Writes the positions of the special bytes from $at on as 32-bit integers, until all before $end are written: it may
  ;; read 63 bytes too many, and write the positions of those. Returns the end of what it wrote; 32 bytes after it are
  ;; overwritten as well.
  (func (export "find") (param $at i32) (param $end i32) (param $to i32) (result i32)
    (local $bits i64)
    (local $next i32)
    (loop $blocks
      (local.set $bits
        (i64.or
          (i64.or
            (i64.extend_i32_u (call $special (v128.load offset=0 (local.get $at))))
            (i64.shl (i64.extend_i32_u (call $special (v128.load offset=16 (local.get $at)))) (i64.const 16)))
          (i64.or
            (i64.shl (i64.extend_i32_u (call $special (v128.load offset=32 (local.get $at)))) (i64.const 32))
            (i64.shl (i64.extend_i32_u (call $special (v128.load offset=48 (local.get $at)))) (i64.const 48)))))
      (local.set $next
        (i32.add (local.get $to) (i32.shl (i32.wrap_i64 (i64.popcnt (local.get $bits))) (i32.const 2))))
      ;; Eight without asking whether there are so many: the branch would be mispredicted.
      (i32.store offset=0 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=4 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=8 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=12 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=16 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=20 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=24 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (i32.store offset=28 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
      (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (block $done
        (loop $rest
          (br_if $done (i64.eqz (local.get $bits)))
          (i32.store offset=0 (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
          (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
          (local.set $to (i32.add (local.get $to) (i32.const 4)))
          (br $rest)))
      (local.set $to (local.get $next))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $blocks (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $to)))
