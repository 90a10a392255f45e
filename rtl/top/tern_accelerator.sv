// SPDX-License-Identifier: Apache-2.0
//
// The accelerator: registers and interrupt behind AXI4-Lite, memory through one AXI4 read and one
// AXI4 write master, the engine between them. Both masters use one ID (no ID signals), increasing
// bursts of whole beats, and normal, bufferable memory.
//
// A job computes Y[T, M] = X[T, K] W[M, K]^T. Rows of X and Y lie XStride and YStride bytes apart;
// a row of X takes whole steps of Lanes activations (what lies beyond K is read and ignored); W
// lies as kernels/tiles/tiles.h packs it; results are int32 or binary32. With weights by columns
// (JobT5c) those of columns whose activation is zero are not read, token by token.

module tern_accelerator #(
  parameter  int unsigned Format         = tern_pkg::FormatTernary,
  parameter  int unsigned DotUnit        = tern_pkg::DotTree,
  parameter  int unsigned Rows           = 20,
  parameter  int unsigned Lanes          = 64,
  parameter  int unsigned MaxTokens      = 16,
  parameter  int unsigned MaxCols        = 8192,
  parameter  int unsigned BeatBits       = 512,
  parameter  int unsigned AddrBits       = 40,
  parameter  int unsigned ColumnSkip     = 0,    // 1: ternary weights by columns as well
  parameter  int unsigned ReadBurst      = 64,   // beats
  parameter  int unsigned ReadFifo       = 256,  // beats: ReadBurst and the memory's latency
  parameter  int unsigned ReadsInFlight  = 16,   // bursts
  parameter  int unsigned WriteBurst     = 16    // beats
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  output logic                  irq_o,

  // Registers: AXI4-Lite.
  input  logic                  s_awvalid_i,
  output logic                  s_awready_o,
  input  logic [7:0]            s_awaddr_i,
  input  logic                  s_wvalid_i,
  output logic                  s_wready_o,
  input  logic [31:0]           s_wdata_i,
  input  logic [3:0]            s_wstrb_i,
  output logic                  s_bvalid_o,
  input  logic                  s_bready_i,
  output logic [1:0]            s_bresp_o,
  input  logic                  s_arvalid_i,
  output logic                  s_arready_o,
  input  logic [7:0]            s_araddr_i,
  output logic                  s_rvalid_o,
  input  logic                  s_rready_i,
  output logic [31:0]           s_rdata_o,
  output logic [1:0]            s_rresp_o,

  // Memory: AXI4.
  output logic                  m_arvalid_o,
  input  logic                  m_arready_i,
  output logic [AddrBits-1:0]   m_araddr_o,
  output logic [7:0]            m_arlen_o,
  output logic [2:0]            m_arsize_o,
  output logic [1:0]            m_arburst_o,
  output logic [3:0]            m_arcache_o,
  output logic [2:0]            m_arprot_o,
  input  logic                  m_rvalid_i,
  output logic                  m_rready_o,
  input  logic [BeatBits-1:0]   m_rdata_i,
  input  logic [1:0]            m_rresp_i,
  input  logic                  m_rlast_i,

  output logic                  m_awvalid_o,
  input  logic                  m_awready_i,
  output logic [AddrBits-1:0]   m_awaddr_o,
  output logic [7:0]            m_awlen_o,
  output logic [2:0]            m_awsize_o,
  output logic [1:0]            m_awburst_o,
  output logic [3:0]            m_awcache_o,
  output logic [2:0]            m_awprot_o,
  output logic                  m_wvalid_o,
  input  logic                  m_wready_i,
  output logic [BeatBits-1:0]   m_wdata_o,
  output logic [BeatBits/8-1:0] m_wstrb_o,
  output logic                  m_wlast_o,
  input  logic                  m_bvalid_i,
  output logic                  m_bready_o,
  input  logic [1:0]            m_bresp_i
);

  localparam int unsigned LaneBits = $clog2(Lanes);
  if (AddrBits < 32 || AddrBits > 64) begin : gen_check_addr
    $error("tern_accelerator: AddrBits must be in [32, 64], so that it holds every stride");
  end
  if (ColumnSkip > 1) begin : gen_check_skip
    $error("tern_accelerator: ColumnSkip must be 0 or 1");
  end
  if (ColumnSkip != 0 && Lanes * 8 * Lanes > ReadFifo * BeatBits) begin : gen_check_fifo
    $error("tern_accelerator: with ColumnSkip ReadFifo must hold Lanes columns of Lanes bytes");
  end

  localparam logic [2:0] BeatSize    = 3'($clog2(BeatBits / 8));
  localparam logic [1:0] Incr        = 2'b01;
  localparam logic [3:0] Bufferable  = 4'b0011;  // normal, non-cacheable
  localparam logic [2:0] Unprivileged = 3'b000;

  logic                start, busy, done, clear, fire, wait_weights, wait_drain;
  logic [383:0]        job;
  logic [255:0]        shape;
  logic [2:0]          status;
  logic                region_valid, region_ready, read_error, read_overflow;
  logic [AddrBits:0]   region_addr, y_addr;
  logic [23:0]         region_beats;
  logic                in_valid, in_ready, engine_valid, engine_ready, engine_code, engine_columns;
  logic                run_valid, run_ready, run_last;
  logic [16:0]         run_col;
  logic [LaneBits:0]   run_cols;
  logic [BeatBits-1:0] in_data;
  logic [23:0]         engine_rows;
  logic [16:0]         engine_cols;
  logic [7:0]          engine_tokens;
  logic                y_valid, y_ready, y_last_row, y_last_token, y_last_group, bad_weight;
  logic [31:0]         y_data, y_stride;
  logic [AddrBits-1:0] y_address;
  logic                written, write_error, write_overflow, load;

  tern_registers u_registers (
    .clk_i, .rst_ni,
    .aw_valid_i(s_awvalid_i), .aw_ready_o(s_awready_o), .aw_addr_i(s_awaddr_i),
    .w_valid_i(s_wvalid_i), .w_ready_o(s_wready_o), .w_data_i(s_wdata_i), .w_strb_i(s_wstrb_i),
    .b_valid_o(s_bvalid_o), .b_ready_i(s_bready_i), .b_resp_o(s_bresp_o),
    .ar_valid_i(s_arvalid_i), .ar_ready_o(s_arready_o), .ar_addr_i(s_araddr_i),
    .r_valid_o(s_rvalid_o), .r_ready_i(s_rready_i), .r_data_o(s_rdata_o), .r_resp_o(s_rresp_o),
    .irq_o, .config_i(shape),
    .start_o(start), .job_o(job), .status_i(status), .busy_i(busy), .done_i(done),
    .fire_i(fire), .wait_weights_i(wait_weights), .wait_drain_i(wait_drain)
  );

  tern_job #(
    .Format(Format), .Rows(Rows), .Lanes(Lanes), .MaxTokens(MaxTokens), .MaxCols(MaxCols),
    .BeatBits(BeatBits), .AddrBits(AddrBits), .ColumnSkip(ColumnSkip)
  ) u_job (
    .clk_i, .rst_ni, .start_i(start), .job_i(job), .busy_o(busy), .done_o(done),
    .status_o(status), .clear_o(clear),
    .region_valid_o(region_valid), .region_ready_i(region_ready), .region_addr_o(region_addr),
    .region_beats_o(region_beats),
    .engine_valid_o(engine_valid), .engine_ready_i(engine_ready), .engine_rows_o(engine_rows),
    .engine_cols_o(engine_cols), .engine_tokens_o(engine_tokens), .engine_code_o(engine_code),
    .engine_columns_o(engine_columns),
    .run_valid_i(run_valid), .run_ready_o(run_ready), .run_col_i(run_col), .run_cols_i(run_cols),
    .run_last_i(run_last),
    .y_address_o(y_address), .y_stride_o(y_stride),
    .written_i(written), .bus_error_i(read_error || write_error),
    .overflow_i(read_overflow || write_overflow), .bad_weight_i(bad_weight_q)
  );

  tern_axi_reader #(
    .AddrBits(AddrBits), .BeatBits(BeatBits), .MaxBurst(ReadBurst),
    .MaxOutstanding(ReadsInFlight), .FifoDepth(ReadFifo)
  ) u_reader (
    .clk_i, .rst_ni,
    .region_valid_i(region_valid), .region_ready_o(region_ready), .region_addr_i(region_addr),
    .region_beats_i(region_beats),
    .out_valid_o(in_valid), .out_ready_i(in_ready), .out_data_o(in_data),
    .clear_i(clear), .error_o(read_error), .overflow_o(read_overflow),
    .ar_valid_o(m_arvalid_o), .ar_ready_i(m_arready_i), .ar_addr_o(m_araddr_o),
    .ar_len_o(m_arlen_o),
    .r_valid_i(m_rvalid_i), .r_ready_o(m_rready_o), .r_data_i(m_rdata_i), .r_resp_i(m_rresp_i),
    .r_last_i(m_rlast_i)
  );

  tern_engine #(
    .Format(Format), .DotUnit(DotUnit), .Rows(Rows), .Lanes(Lanes), .MaxTokens(MaxTokens),
    .MaxCols(MaxCols), .BeatBits(BeatBits), .ColumnSkip(ColumnSkip)
  ) u_engine (
    .clk_i, .rst_ni,
    .job_valid_i(engine_valid), .job_ready_o(engine_ready), .job_rows_i(engine_rows),
    .job_cols_i(engine_cols), .job_tokens_i(engine_tokens), .job_code_i(engine_code),
    .job_columns_i(engine_columns),
    .run_valid_o(run_valid), .run_ready_i(run_ready), .run_col_o(run_col), .run_cols_o(run_cols),
    .run_last_o(run_last),
    .in_valid_i(in_valid), .in_ready_o(in_ready), .in_data_i(in_data),
    .y_valid_o(y_valid), .y_ready_i(y_ready), .y_data_o(y_data), .y_last_row_o(y_last_row),
    .y_last_token_o(y_last_token), .y_last_group_o(y_last_group),
    .bad_weight_o(bad_weight), .event_load_o(load), .event_fire_o(fire),
    .wait_weights_o(wait_weights), .wait_drain_o(wait_drain), .config_o(shape)
  );

  tern_place #(.Rows(Rows), .AddrBits(AddrBits)) u_place (
    .clk_i, .clear_i(clear), .y_address_i(y_address), .y_stride_i(y_stride),
    .taken_i(y_valid && y_ready), .last_row_i(y_last_row), .last_token_i(y_last_token),
    .last_group_i(y_last_group), .addr_o(y_addr)
  );

  tern_axi_writer #(
    .AddrBits(AddrBits), .BeatBits(BeatBits), .MaxBurst(WriteBurst)
  ) u_writer (
    .clk_i, .rst_ni,
    .in_valid_i(y_valid), .in_ready_o(y_ready), .in_addr_i(y_addr), .in_data_i(y_data),
    .in_last_i(y_last_row && y_last_token && y_last_group),
    .clear_i(clear), .error_o(write_error), .overflow_o(write_overflow), .idle_o(written),
    .aw_valid_o(m_awvalid_o), .aw_ready_i(m_awready_i), .aw_addr_o(m_awaddr_o),
    .aw_len_o(m_awlen_o),
    .w_valid_o(m_wvalid_o), .w_ready_i(m_wready_i), .w_data_o(m_wdata_o), .w_strb_o(m_wstrb_o),
    .w_last_o(m_wlast_o),
    .b_valid_i(m_bvalid_i), .b_ready_o(m_bready_o), .b_resp_i(m_bresp_i)
  );

  logic bad_weight_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) bad_weight_q <= 1'b0;
    else         bad_weight_q <= !clear && (bad_weight_q || bad_weight);
  end

  assign m_arsize_o  = BeatSize;
  assign m_awsize_o  = BeatSize;
  assign m_arburst_o = Incr;
  assign m_awburst_o = Incr;
  assign m_arcache_o = Bufferable;
  assign m_awcache_o = Bufferable;
  assign m_arprot_o  = Unprivileged;
  assign m_awprot_o  = Unprivileged;

  logic unused;
  assign unused = load;

endmodule
