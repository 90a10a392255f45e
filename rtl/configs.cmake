# SPDX-License-Identifier: Apache-2.0
#
# The named configurations of tern_accelerator.
set(TERN_RTL_CONFIGS small edge server)
# For tests: beats of 8 bytes, so that bursts of 256 fit 4 KB.
set(TERN_RTL_small Rows=20 Lanes=16 MaxTokens=4 MaxCols=256 BeatBits=64 ReadBurst=256
  ReadFifo=512 ColumnSkip=1)
# For LPDDR4-3200 x64, 25.6 GB/s at 1 GHz.
set(TERN_RTL_edge Rows=20 Lanes=32 MaxTokens=8 MaxCols=8192 BeatBits=256 ReadBurst=64 ReadFifo=256
  ReadsInFlight=64 ColumnSkip=1)
# For LPDDR5-6400 x64, 51.2 GB/s at 1 GHz.
set(TERN_RTL_server Rows=20 Lanes=64 MaxTokens=16 MaxCols=8192 BeatBits=512 ReadBurst=64 ReadFifo=256
  ReadsInFlight=128 ColumnSkip=1)
# Their arithmetics: name, Format and DotUnit of tern_pkg.
set(TERN_RTL_FORMATS ternary:0:0 lut2:0:1 lut3:0:2 int4:1:0 int8:2:0 fp8:3:0 bf16:4:0 fp16:5:0)
