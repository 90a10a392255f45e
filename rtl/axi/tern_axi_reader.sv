// SPDX-License-Identifier: Apache-2.0
//
// AXI4 read master: regions of memory in, their beats out in order. Bursts are as long as MaxBurst,
// the region and the 4 KB boundary allow (AXI4, A3.4.1). A burst is asked for only when the FIFO
// has room for all of it, so RREADY is never low for long and several bursts are on their way; one
// may be asked for every cycle.
// An error response is remembered; its data flows on, void, so that nothing behind it waits.

module tern_axi_reader #(
  parameter  int unsigned AddrBits       = 40,
  parameter  int unsigned BeatBits       = 512,
  parameter  int unsigned MaxBurst       = 64,   // beats
  parameter  int unsigned MaxOutstanding = 8,    // bursts
  parameter  int unsigned FifoDepth      = 256,  // beats
  localparam int unsigned BeatBytes      = BeatBits / 8,
  localparam int unsigned Offset         = $clog2(BeatBytes)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                region_valid_i,
  output logic                region_ready_o,
  input  logic [AddrBits:0]   region_addr_i,   // beat-aligned; top bit: beyond the last address
  input  logic [23:0]         region_beats_i,  // 1 or more

  output logic                out_valid_o,
  input  logic                out_ready_i,
  output logic [BeatBits-1:0] out_data_o,

  input  logic                clear_i,
  output logic                error_o,         // since clear_i: an error response
  output logic                overflow_o,      // ... a region that runs beyond the last address

  output logic                ar_valid_o,
  input  logic                ar_ready_i,
  output logic [AddrBits-1:0] ar_addr_o,
  output logic [7:0]          ar_len_o,        // beats - 1

  input  logic                r_valid_i,
  output logic                r_ready_o,
  input  logic [BeatBits-1:0] r_data_i,
  input  logic [1:0]          r_resp_i,
  input  logic                r_last_i
);

  if (MaxBurst < 1 || MaxBurst > 256 || MaxBurst > FifoDepth) begin : gen_check_burst
    $error("tern_axi_reader: MaxBurst must be in [1, 256] and fit the FIFO");
  end
  if (BeatBits < 32 || BeatBits > 1024 || (BeatBits & (BeatBits - 1)) != 0) begin : gen_check_beat
    $error("tern_axi_reader: BeatBits must be a power of two in [32, 1024]");
  end
  if (MaxOutstanding < 1 || MaxOutstanding > 255) begin : gen_check_outstanding
    $error("tern_axi_reader: MaxOutstanding must be in [1, 255]");
  end
  if (AddrBits < 13 || AddrBits > 64) begin : gen_check_addr
    $error("tern_axi_reader: AddrBits must be in [13, 64]");
  end

  localparam int unsigned PageBits  = 12 - Offset;  // beats of 4 KB
  localparam int unsigned CountBits = $clog2(FifoDepth + 1);

  logic [AddrBits-Offset:0] beat_q;         // address in beats, with the carry out of the last one
  logic [23:0]              left_q;         // of the region
  logic [PageBits:0]        page_left;      // beats to the next 4 KB boundary
  logic [8:0]               burst;
  logic [CountBits-1:0]     free_q;         // FIFO beats not promised to a burst
  logic [7:0]               outstanding_q;  // bursts
  logic                     issue, pop, fifo_ready;
  logic [CountBits-1:0]     held;           // by the FIFO's memory: for the proof

  assign page_left = {1'b1, {PageBits{1'b0}}} - {1'b0, beat_q[PageBits-1:0]};

  always_comb begin
    burst = 9'(MaxBurst);
    if (32'(page_left) < 32'(burst)) burst = 9'(page_left);
    if (left_q < 24'(burst)) burst = left_q[8:0];
  end

  assign region_ready_o = left_q == '0 || (issue && left_q == 24'(burst));
  assign issue = left_q != '0 && (!ar_valid_o || ar_ready_i) && 32'(free_q) >= 32'(burst)
              && outstanding_q != 8'(MaxOutstanding);
  assign pop   = out_valid_o && out_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q        <= '0;
      free_q        <= CountBits'(FifoDepth);
      outstanding_q <= '0;
      ar_valid_o    <= 1'b0;
      error_o       <= 1'b0;
      overflow_o    <= 1'b0;
    end else begin
      if (region_valid_i && region_ready_o) left_q <= region_beats_i;
      else if (issue) left_q <= left_q - 24'(burst);
      free_q        <= free_q + CountBits'(pop) - (issue ? CountBits'(burst) : '0);
      outstanding_q <= outstanding_q + 8'(issue) - 8'(r_valid_i && r_ready_o && r_last_i);
      ar_valid_o    <= issue || (ar_valid_o && !ar_ready_i);
      error_o       <= !clear_i && (error_o || (r_valid_i && r_ready_o && r_resp_i[1]));
      overflow_o    <= !clear_i && (overflow_o || (issue && beat_q[AddrBits-Offset]));
    end
  end

  always_ff @(posedge clk_i) begin
    if (region_valid_i && region_ready_o) beat_q <= region_addr_i[AddrBits:Offset];
    else if (issue) beat_q <= beat_q + (AddrBits-Offset+1)'(burst);
    if (issue) begin
      ar_addr_o <= {beat_q[AddrBits-Offset-1:0], {Offset{1'b0}}};
      ar_len_o  <= 8'(burst - 9'd1);
    end
  end

  tern_fifo #(.Width(BeatBits), .Depth(FifoDepth)) u_fifo (
    .clk_i, .rst_ni,
    .in_valid_i(r_valid_i), .in_ready_o(fifo_ready), .in_data_i(r_data_i),
    .out_valid_o, .out_ready_i, .out_data_o, .held_o(held)
  );
  assign r_ready_o = fifo_ready;

  logic unused;
  assign unused = ^{region_addr_i[Offset-1:0], r_resp_i[0], held};

`ifdef TERN_PROVE_READER  // tests/rtl/axi; Yosys 0.23 ignores bind
  tern_axi_reader_proof #(
    .AddrBits(AddrBits), .BeatBits(BeatBits), .MaxBurst(MaxBurst), .FifoDepth(FifoDepth)
  ) u_proof (
    .clk_i, .rst_ni, .region_valid_i, .region_ready_i(region_ready_o), .region_addr_i,
    .region_beats_i, .ar_valid_i(ar_valid_o), .ar_ready_i, .ar_addr_i(ar_addr_o),
    .ar_len_i(ar_len_o), .r_valid_i, .r_ready_i(r_ready_o),
    .beat_i(beat_q), .left_i(left_q), .free_i(free_q), .count_i(held),
    .out_valid_i(out_valid_o)
  );
`endif

endmodule
