; What the BPF backend calls on its own, in front of compiler_builtins.
; compiler_builtins, as rustc compiles it for this target, passes and returns i128 by pointer; the calls LLVM makes pass it in
; registers. link.sh renames the former to rs_*, these wrappers take the original names.
target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "bpfel"

declare void @rs___multi3(ptr, ptr, ptr)
define i128 @__multi3(i128 %a, i128 %b) {
  %pa = alloca i128, align 16
  %pb = alloca i128, align 16
  %pr = alloca i128, align 16
  store i128 %a, ptr %pa
  store i128 %b, ptr %pb
  call void @rs___multi3(ptr %pr, ptr %pa, ptr %pb)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___divti3(ptr, ptr, ptr)
define i128 @__divti3(i128 %a, i128 %b) {
  %pa = alloca i128, align 16
  %pb = alloca i128, align 16
  %pr = alloca i128, align 16
  store i128 %a, ptr %pa
  store i128 %b, ptr %pb
  call void @rs___divti3(ptr %pr, ptr %pa, ptr %pb)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___modti3(ptr, ptr, ptr)
define i128 @__modti3(i128 %a, i128 %b) {
  %pa = alloca i128, align 16
  %pb = alloca i128, align 16
  %pr = alloca i128, align 16
  store i128 %a, ptr %pa
  store i128 %b, ptr %pb
  call void @rs___modti3(ptr %pr, ptr %pa, ptr %pb)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___udivti3(ptr, ptr, ptr)
define i128 @__udivti3(i128 %a, i128 %b) {
  %pa = alloca i128, align 16
  %pb = alloca i128, align 16
  %pr = alloca i128, align 16
  store i128 %a, ptr %pa
  store i128 %b, ptr %pb
  call void @rs___udivti3(ptr %pr, ptr %pa, ptr %pb)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___umodti3(ptr, ptr, ptr)
define i128 @__umodti3(i128 %a, i128 %b) {
  %pa = alloca i128, align 16
  %pb = alloca i128, align 16
  %pr = alloca i128, align 16
  store i128 %a, ptr %pa
  store i128 %b, ptr %pb
  call void @rs___umodti3(ptr %pr, ptr %pa, ptr %pb)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare double @rs___floattidf(ptr)
define double @__floattidf(i128 %a) {
  %pa = alloca i128, align 16
  store i128 %a, ptr %pa
  %r = call double @rs___floattidf(ptr %pa)
  ret double %r
}

declare double @rs___floatuntidf(ptr)
define double @__floatuntidf(i128 %a) {
  %pa = alloca i128, align 16
  store i128 %a, ptr %pa
  %r = call double @rs___floatuntidf(ptr %pa)
  ret double %r
}

declare void @rs___fixdfti(ptr, double)
define i128 @__fixdfti(double %a) {
  %pr = alloca i128, align 16
  call void @rs___fixdfti(ptr %pr, double %a)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___fixunsdfti(ptr, double)
define i128 @__fixunsdfti(double %a) {
  %pr = alloca i128, align 16
  call void @rs___fixunsdfti(ptr %pr, double %a)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___fixsfti(ptr, float)
define i128 @__fixsfti(float %a) {
  %pr = alloca i128, align 16
  call void @rs___fixsfti(ptr %pr, float %a)
  %r = load i128, ptr %pr
  ret i128 %r
}

declare void @rs___fixunssfti(ptr, float)
define i128 @__fixunssfti(float %a) {
  %pr = alloca i128, align 16
  call void @rs___fixunssfti(ptr %pr, float %a)
  %r = load i128, ptr %pr
  ret i128 %r
}

; LLVM takes the upper half of an f32 result for zero; a plain function that returns float leaves it undefined.

declare float @rs___addsf3(float, float)
define zeroext i32 @__addsf3(float %a, float %b) {
  %f = call float @rs___addsf3(float %a, float %b)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___subsf3(float, float)
define zeroext i32 @__subsf3(float %a, float %b) {
  %f = call float @rs___subsf3(float %a, float %b)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___mulsf3(float, float)
define zeroext i32 @__mulsf3(float %a, float %b) {
  %f = call float @rs___mulsf3(float %a, float %b)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___divsf3(float, float)
define zeroext i32 @__divsf3(float %a, float %b) {
  %f = call float @rs___divsf3(float %a, float %b)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___truncdfsf2(double)
define zeroext i32 @__truncdfsf2(double %a) {
  %f = call float @rs___truncdfsf2(double %a)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floatsisf(i32)
define zeroext i32 @__floatsisf(i32 %a) {
  %f = call float @rs___floatsisf(i32 %a)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floatunsisf(i32)
define zeroext i32 @__floatunsisf(i32 %a) {
  %f = call float @rs___floatunsisf(i32 %a)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floatdisf(i64)
define zeroext i32 @__floatdisf(i64 %a) {
  %f = call float @rs___floatdisf(i64 %a)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floatundisf(i64)
define zeroext i32 @__floatundisf(i64 %a) {
  %f = call float @rs___floatundisf(i64 %a)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floattisf(ptr)
define zeroext i32 @__floattisf(i128 %a) {
  %pa = alloca i128, align 16
  store i128 %a, ptr %pa
  %f = call float @rs___floattisf(ptr %pa)
  %r = bitcast float %f to i32
  ret i32 %r
}

declare float @rs___floatuntisf(ptr)
define zeroext i32 @__floatuntisf(i128 %a) {
  %pa = alloca i128, align 16
  store i128 %a, ptr %pa
  %f = call float @rs___floatuntisf(ptr %pa)
  %r = bitcast float %f to i32
  ret i32 %r
}

; signed division over the unsigned instruction (signed_div.py calls these)
define i64 @__sbf_sdiv(i64 %a, i64 %b) {
  %sa = ashr i64 %a, 63
  %sb = ashr i64 %b, 63
  %xa = xor i64 %a, %sa
  %xb = xor i64 %b, %sb
  %ua = sub i64 %xa, %sa
  %ub = sub i64 %xb, %sb
  %q = udiv i64 %ua, %ub
  %s = xor i64 %sa, %sb
  %x = xor i64 %q, %s
  %r = sub i64 %x, %s
  ret i64 %r
}
define i64 @__sbf_srem(i64 %a, i64 %b) {
  %sa = ashr i64 %a, 63
  %sb = ashr i64 %b, 63
  %xa = xor i64 %a, %sa
  %xb = xor i64 %b, %sb
  %ua = sub i64 %xa, %sa
  %ub = sub i64 %xb, %sb
  %m = urem i64 %ua, %ub
  %x = xor i64 %m, %sa
  %r = sub i64 %x, %sa
  ret i64 %r
}
