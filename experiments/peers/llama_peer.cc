// SPDX-License-Identifier: Apache-2.0
//
// What llama.cpp makes of a GGUF file, for check.py; linked with its library, never with
// tern's.
//   llama_peer logits FILE ID,ID,...   the logits after each token, one row a line
//   llama_peer tokens FILE SPECIAL     each line of standard input, a text in hexadecimal, as ids;
//                                      SPECIAL 1: BOS and EOS as the file asks for them
// Attention is computed plainly, with float32 keys and values where the peer can: as near to the
// definition as it comes.

#include <llama.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

#ifdef IK_LLAMA  // a fork with other names for three things
constexpr auto tokenize = llama_vocab_tokenize;
constexpr auto free_model = llama_free_model;
void plain_attention(llama_context_params& params) {
  params.flash_attn = false;
  params.type_k = params.type_v = GGML_TYPE_F16;
}
#else
constexpr auto tokenize = llama_tokenize;
constexpr auto free_model = llama_model_free;
void plain_attention(llama_context_params& params) {
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.type_k = params.type_v = GGML_TYPE_F32;
}
#endif

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "llama_peer: %s\n", what.c_str());
  std::exit(1);
}

void print_logits(llama_model* model, const std::vector<llama_token>& ids) {
  llama_context_params params = llama_context_default_params();
  const auto n = static_cast<std::uint32_t>(ids.size());
  params.n_ctx = std::max<std::uint32_t>(256, n);
  params.n_batch = params.n_ubatch = params.n_ctx;
  plain_attention(params);
  params.n_threads = params.n_threads_batch = 2;
  llama_context* context = llama_init_from_model(model, params);
  if (context == nullptr) fail("no context");
  llama_batch batch = llama_batch_init(static_cast<int>(n), 0, 1);
  batch.n_tokens = static_cast<int>(n);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    batch.token[i] = ids[i];
    batch.pos[i] = static_cast<llama_pos>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  if (llama_decode(context, batch) != 0) fail("llama_decode failed");
  const int vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float* row = llama_get_logits_ith(context, static_cast<int>(i));
    for (int v = 0; v < vocab; ++v) std::printf("%.9g ", static_cast<double>(row[v]));
    std::printf("\n");
  }
  llama_batch_free(batch);
  llama_free(context);
}

void print_tokens(const llama_vocab* vocab, bool special) {
  for (std::string line; std::getline(std::cin, line);) {
    std::string text;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      text += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    std::vector<llama_token> ids(text.size() + 8);
    const int n = tokenize(vocab, text.data(), static_cast<int>(text.size()), ids.data(),
                           static_cast<int>(ids.size()), special, true);
    if (n < 0) fail("a text has more tokens than bytes");
    for (int i = 0; i < n; ++i) std::printf("%d ", ids[i]);
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) fail("expected: logits FILE IDS, or tokens FILE 0|1");
  const bool logits = std::strcmp(argv[1], "logits") == 0;
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  params.vocab_only = !logits;
  llama_model* model = llama_model_load_from_file(argv[2], params);
  if (model == nullptr) fail(std::string(argv[2]) + ": llama.cpp does not open it");
  if (logits) {
    std::vector<llama_token> ids;
    std::istringstream list(argv[3]);
    for (std::string id; std::getline(list, id, ',');) ids.push_back(std::stoi(id));
    print_logits(model, ids);
  } else {
    print_tokens(llama_model_get_vocab(model), argv[3][0] == '1');
  }
  free_model(model);
  llama_backend_free();
}
