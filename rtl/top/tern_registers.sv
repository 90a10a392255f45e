// SPDX-License-Identifier: Apache-2.0
//
// The register file behind AXI4-Lite: tern_pkg has the map. One write and one read at a time.
// SLVERR answers an unknown register, a write of part of a word or to a register that is read
// only, and the doorbell of a busy engine.

module tern_registers (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         aw_valid_i,
  output logic         aw_ready_o,
  input  logic [7:0]   aw_addr_i,
  input  logic         w_valid_i,
  output logic         w_ready_o,
  input  logic [31:0]  w_data_i,
  input  logic [3:0]   w_strb_i,
  output logic         b_valid_o,
  input  logic         b_ready_i,
  output logic [1:0]   b_resp_o,
  input  logic         ar_valid_i,
  output logic         ar_ready_o,
  input  logic [7:0]   ar_addr_i,
  output logic         r_valid_o,
  input  logic         r_ready_i,
  output logic [31:0]  r_data_o,
  output logic [1:0]   r_resp_o,
  output logic         irq_o,

  input  logic [255:0] config_i,    // what RegFormat to RegBeatBytes and RegColumnSkip read
  output logic         start_o,     // the doorbell rang
  output logic [383:0] job_o,       // the job's twelve registers, RegRowCount lowest
  input  logic [2:0]   status_i,
  input  logic         busy_i,
  input  logic         done_i,      // the job ends in this cycle
  input  logic         fire_i,
  input  logic         wait_weights_i,
  input  logic         wait_drain_i
);

  localparam logic [1:0]  Okay    = 2'b00;
  localparam logic [1:0]  Slverr  = 2'b10;
  localparam int unsigned JobRegs = tern_pkg::RegCycles - tern_pkg::RegRowCount;

  logic [31:0] job_q [JobRegs];
  logic        pending_q, enable_q;
  logic [63:0] cycles_q, fires_q, wait_memory_q, wait_drain_q;

  for (genvar i = 0; i < JobRegs; i++) begin : gen_job
    assign job_o[32*i +: 32] = job_q[i];
  end

  // Writes.
  logic [5:0] write_at;
  logic       write, is_job, is_bell, is_interrupt, is_enable, legal;

  assign write_at     = aw_addr_i[7:2];
  assign write        = aw_valid_i && w_valid_i && (!b_valid_o || b_ready_i);
  assign aw_ready_o   = write;
  assign w_ready_o    = write;
  assign is_job       = write_at >= 6'(tern_pkg::RegRowCount)
                     && write_at < 6'(tern_pkg::RegCycles);
  assign is_bell      = write_at == 6'(tern_pkg::RegDoorbell) && !busy_i;
  assign is_interrupt = write_at == 6'(tern_pkg::RegInterrupt);
  assign is_enable    = write_at == 6'(tern_pkg::RegEnable);
  assign legal        = w_strb_i == 4'b1111 && (is_job || is_bell || is_interrupt || is_enable);
  assign start_o      = write && legal && is_bell && w_data_i[0];
  assign irq_o        = pending_q && enable_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      b_valid_o <= 1'b0;
      b_resp_o  <= Okay;
      pending_q <= 1'b0;
      enable_q  <= 1'b0;
    end else begin
      b_valid_o <= write || (b_valid_o && !b_ready_i);
      if (write) b_resp_o <= legal ? Okay : Slverr;
      if (write && legal && is_interrupt && w_data_i[0]) pending_q <= 1'b0;
      if (write && legal && is_enable) enable_q <= w_data_i[0];
      if (done_i) pending_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (write && legal && is_job) begin
      job_q[4'(write_at - 6'(tern_pkg::RegRowCount))] <= w_data_i;
    end
  end

  // What the last job did.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycles_q      <= '0;
      fires_q       <= '0;
      wait_memory_q <= '0;
      wait_drain_q  <= '0;
    end else if (start_o) begin
      cycles_q      <= '0;
      fires_q       <= '0;
      wait_memory_q <= '0;
      wait_drain_q  <= '0;
    end else if (busy_i) begin
      cycles_q <= cycles_q + 64'd1;
      if (fire_i) fires_q <= fires_q + 64'd1;
      if (wait_weights_i) wait_memory_q <= wait_memory_q + 64'd1;
      if (wait_drain_i) wait_drain_q <= wait_drain_q + 64'd1;
    end
  end

  // Reads.
  logic        read, known;
  logic [5:0]  read_at;
  logic [31:0] value;

  assign read_at    = ar_addr_i[7:2];
  assign read       = ar_valid_i && (!r_valid_o || r_ready_i);
  assign ar_ready_o = read;
  assign known      = read_at < 6'(tern_pkg::Registers);

  always_comb begin
    value = '0;
    if (read_at >= 6'(tern_pkg::RegRowCount) && read_at < 6'(tern_pkg::RegCycles)) begin
      value = job_q[4'(read_at - 6'(tern_pkg::RegRowCount))];
    end
    if (read_at >= 6'(tern_pkg::RegFormat) && read_at <= 6'(tern_pkg::RegBeatBytes)) begin
      value = config_i[32*(3'(read_at - 6'(tern_pkg::RegFormat))) +: 32];
    end
    case (32'(read_at))
      tern_pkg::RegMagic:          value = tern_pkg::Magic;
      tern_pkg::RegStatus:         value = 32'(status_i);
      tern_pkg::RegInterrupt:      value = 32'(pending_q);
      tern_pkg::RegEnable:         value = 32'(enable_q);
      tern_pkg::RegCycles:         value = cycles_q[31:0];
      tern_pkg::RegCycles + 1:     value = cycles_q[63:32];
      tern_pkg::RegFires:          value = fires_q[31:0];
      tern_pkg::RegFires + 1:      value = fires_q[63:32];
      tern_pkg::RegWaitMemory:     value = wait_memory_q[31:0];
      tern_pkg::RegWaitMemory + 1: value = wait_memory_q[63:32];
      tern_pkg::RegWaitDrain:      value = wait_drain_q[31:0];
      tern_pkg::RegWaitDrain + 1:  value = wait_drain_q[63:32];
      tern_pkg::RegColumnSkip:     value = config_i[255:224];
      default: ;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      r_valid_o <= 1'b0;
      r_resp_o  <= Okay;
    end else begin
      r_valid_o <= read || (r_valid_o && !r_ready_i);
      if (read) r_resp_o <= known ? Okay : Slverr;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) r_data_o <= value;
  end

  logic unused;
  assign unused = ^{aw_addr_i[1:0], ar_addr_i[1:0]};

endmodule
