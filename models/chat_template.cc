// SPDX-License-Identifier: Apache-2.0

#include "models/chat_template.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/check.h"

namespace tern::models {
namespace {

using System = ChatTemplate::System;

// The first row whose marks are there counts. Marks are spelled as in squeezed().
constexpr std::array kTemplates = {
    // tokenizer_config.json of microsoft/bitnet-b1.58-2B-4T; {bos} as arXiv 2504.12285 section
    // 3.2.2 and ChatFormat of microsoft/BitNet gpu/tokenizer.py have it. The GGUF of this model has
    // another one, BITNETAssistant, which its converter puts in: the model was not trained on it
    // and does not end its replies (ik_llama.cpp issue 339).
    ChatTemplate{.name = "bitnet",
                 .models = "BitNet b1.58 2B4T",
                 .marks = {"message['role']|capitalize+':'", "<|eot_id|>"},
                 .without = {},
                 .alone = "BITNETAssistant:",
                 .begin = "{bos}",
                 .system = {"System: ", "<|eot_id|>"},
                 .user = {"User: ", "<|eot_id|>"},
                 .assistant = {"Assistant: ", "<|eot_id|>"},
                 .reply = "Assistant: ",
                 .end = "<|eot_id|>",
                 .trim = true},
    // meta-llama/Llama-3.1-8B-Instruct, Llama-3.2-1B-Instruct; the date is the one that both say
    // where no clock is given.
    ChatTemplate{.name = "llama3.1",
                 .models = "LLaMA 3.1 to 3.3",
                 .marks = {"<|start_header_id|>", "<|eot_id|>", "CuttingKnowledgeDate:"},
                 .without = {},
                 .alone = {},
                 .begin = "{bos}",
                 .system = {"<|start_header_id|>system<|end_header_id|>\n\n"
                            "Cutting Knowledge Date: December 2023\n"
                            "Today Date: 26 Jul 2024\n\n",
                            "<|eot_id|>"},
                 .user = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
                 .assistant = {"<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"},
                 .reply = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                 .end = "<|eot_id|>",
                 .trim = true,
                 .system_as = System::kAlways},
    // meta-llama/Meta-Llama-3-8B-Instruct
    ChatTemplate{.name = "llama3",
                 .models = "LLaMA 3, Llama3-8B-1.58",
                 .marks = {"<|start_header_id|>", "<|eot_id|>"},
                 .without = {},
                 .alone = {},
                 .begin = "{bos}",
                 .system = {"<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"},
                 .user = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
                 .assistant = {"<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"},
                 .reply = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                 .end = "<|eot_id|>",
                 .trim = true},
    // meta-llama/Llama-2-7b-chat-hf
    ChatTemplate{.name = "llama2",
                 .models = "LLaMA 2 chat",
                 .marks = {"[INST]", "<<SYS>>"},
                 .without = {},
                 .alone = {},
                 .begin = {},
                 .system = {"<<SYS>>\n", "\n<</SYS>>\n\n"},
                 .user = {"{bos}[INST] ", " [/INST]"},
                 .assistant = {" ", " {eos}"},
                 .reply = {},
                 .end = "{eos}",
                 .trim = true,
                 .system_as = System::kInFirstUser},
    // HuggingFaceTB/SmolLM2-1.7B-Instruct
    ChatTemplate{
        .name = "smollm2",
        .models = "SmolLM2",
        .marks = {"<|im_start|>", "namedSmolLM,trainedbyHuggingFace"},
        .without = {},
        .alone = {},
        .begin = {},
        .system = {"<|im_start|>system\n", "<|im_end|>\n"},
        .user = {"<|im_start|>user\n", "<|im_end|>\n"},
        .assistant = {"<|im_start|>assistant\n", "<|im_end|>\n"},
        .reply = "<|im_start|>assistant\n",
        .end = "<|im_end|>",
        .system_as = System::kDefault,
        .system_text = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"},
    // Qwen/Qwen2.5-1.5B-Instruct, where no tools are given
    ChatTemplate{
        .name = "qwen2.5",
        .models = "Qwen2.5",
        .marks = {"<|im_start|>", "YouareQwen,createdbyAlibabaCloud."},
        .without = {},
        .alone = {},
        .begin = {},
        .system = {"<|im_start|>system\n", "<|im_end|>\n"},
        .user = {"<|im_start|>user\n", "<|im_end|>\n"},
        .assistant = {"<|im_start|>assistant\n", "<|im_end|>\n"},
        .reply = "<|im_start|>assistant\n",
        .end = "<|im_end|>",
        .system_as = System::kDefault,
        .system_text = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."},
    // teknium/OpenHermes-2.5-Mistral-7B, in tests/test-chat-template.cpp of llama.cpp
    ChatTemplate{.name = "chatml",
                 .models = "ChatML",
                 .marks = {"<|im_start|>", "<|im_end|>"},
                 .without = "<|im_sep|>",
                 .alone = {},
                 .begin = {},
                 .system = {"<|im_start|>system\n", "<|im_end|>\n"},
                 .user = {"<|im_start|>user\n", "<|im_end|>\n"},
                 .assistant = {"<|im_start|>assistant\n", "<|im_end|>\n"},
                 .reply = "<|im_start|>assistant\n",
                 .end = "<|im_end|>"},
    // tiiuae/Falcon3-7B-Instruct, where no tools are given
    ChatTemplate{.name = "falcon3",
                 .models = "Falcon3, Falcon3-1.58bit",
                 .marks = {"<|user|>", "<|assistant|>", "message['content']+'"},
                 .without = "<|end|>",
                 .alone = {},
                 .begin = {},
                 .system = {"<|system|>\n", "\n"},
                 .user = {"<|user|>\n", "\n"},
                 .assistant = {"<|assistant|>\n", "{eos}\n"},
                 .reply = "<|assistant|>\n",
                 .end = "{eos}"},
    // HuggingFaceH4/zephyr-7b-beta, TinyLlama/TinyLlama-1.1B-Chat-v1.0
    ChatTemplate{.name = "zephyr",
                 .models = "Zephyr, TinyLlama",
                 .marks = {"<|user|>", "<|assistant|>", "message['content']+eos_token"},
                 .without = "<|end|>",
                 .alone = {},
                 .begin = {},
                 .system = {"<|system|>\n", "{eos}\n"},
                 .user = {"<|user|>\n", "{eos}\n"},
                 .assistant = {"<|assistant|>\n", "{eos}\n"},
                 .reply = "<|assistant|>\n",
                 .end = "{eos}"},
    // Of this project, for models that name none.
    ChatTemplate{.name = "plain",
                 .models = "models without a template",
                 .marks = {},
                 .without = {},
                 .alone = {},
                 .begin = "{bos}",
                 .system = {{}, "\n\n"},
                 .user = {"User: ", "\n"},
                 .assistant = {"Assistant: ", "\n"},
                 .reply = "Assistant:",
                 .end = "\nUser:",
                 .trim = true},
};

std::string known() {
  std::string names;
  for (const ChatTemplate& t : kTemplates)
    names += (names.empty() ? "" : ", ") + std::string(t.name);
  return names;
}

constexpr std::string_view kBlanks = " \t\n\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::string squeezed(std::string_view jinja) {
  std::string text;
  for (const char c : jinja)
    if (kBlanks.find(c) == kBlanks.npos) text += c == '"' ? '\'' : c;
  return text;
}

bool has_marks(const ChatTemplate& t, const std::string& jinja) {
  if (!t.alone.empty() && jinja.find(t.alone) != jinja.npos) return true;
  if (t.marks[0].empty() || (!t.without.empty() && jinja.find(t.without) != jinja.npos))
    return false;
  return std::all_of(t.marks.begin(), t.marks.end(),
                     [&](std::string_view mark) { return jinja.find(mark) != jinja.npos; });
}

class Rendering {
 public:
  explicit Rendering(const TokenizerData& tokenizer) : tokenizer_(tokenizer) {}

  void shape(std::string_view text) { append(with_tokens(text, tokenizer_), false); }
  void content(std::string_view text) { append(std::string(text), true); }
  std::vector<ChatText> take() { return std::move(parts_); }

  static std::string with_tokens(std::string_view text, const TokenizerData& t) {
    std::string made(text);
    for (const auto& [mark, id] : {std::pair{"{bos}", t.bos}, {"{eos}", t.eos}})
      if (const std::size_t at = made.find(mark); at != made.npos)
        made.replace(at, 5, id ? t.tokens[*id] : "");
    return made;
  }

 private:
  void append(std::string text, bool is_content) {
    if (text.empty()) return;
    if (!parts_.empty() && parts_.back().is_content == is_content)
      parts_.back().text += text;
    else
      parts_.push_back({std::move(text), is_content});
  }

  const TokenizerData& tokenizer_;
  std::vector<ChatText> parts_;
};

}  // namespace

std::string_view role_name(Role role) noexcept {
  constexpr std::string_view kNames[] = {"system", "user", "assistant"};
  return kNames[static_cast<std::size_t>(role)];
}

std::span<const ChatTemplate> chat_templates() noexcept { return kTemplates; }

const ChatTemplate& chat_template(std::string_view name) {
  for (const ChatTemplate& t : kTemplates)
    if (t.name == name) return t;
  throw std::runtime_error("chat template " + std::string(name) +
                           " is not known, expected one of " + known());
}

const ChatTemplate& recognise_chat_template(std::string_view jinja) {
  if (trimmed(jinja).empty()) return chat_template("plain");
  const std::string text = squeezed(jinja);
  for (const ChatTemplate& t : kTemplates)
    if (has_marks(t, text)) return t;
  throw std::runtime_error(
      "the checkpoint's chat template is none that is known; name the one to use, of " + known());
}

std::vector<ChatText> render(const ChatTemplate& shape, std::span<const Message> messages,
                             bool ask_reply, const TokenizerData& tokenizer) {
  Rendering out(tokenizer);
  const auto of = [&](std::string_view text) { return shape.trim ? trimmed(text) : text; };
  out.shape(shape.begin);
  const Message* system = nullptr;
  if (!messages.empty() && messages.front().role == Role::kSystem) {
    system = &messages.front();
    messages = messages.subspan(1);
  }
  if (shape.system_as != System::kInFirstUser &&
      (system != nullptr || shape.system_as != System::kFirst)) {
    out.shape(shape.system.before);
    if (system != nullptr)
      out.content(of(system->content));
    else
      out.shape(shape.system_text);
    out.shape(shape.system.after);
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& m = messages[i];
    TERN_CHECK(m.role == (i % 2 == 0 ? Role::kUser : Role::kAssistant),
               "users and the assistant take turns");
    const ChatTemplate::Around& around = m.role == Role::kUser ? shape.user : shape.assistant;
    out.shape(around.before);
    std::string_view text = of(m.content);
    if (i == 0 && system != nullptr && shape.system_as == System::kInFirstUser) {
      // The template trims the two together: what stands between them stays.
      text = m.content;
      text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
      const std::string_view after = shape.system.after;
      out.shape(shape.system.before);
      out.content(system->content);
      out.shape(text.empty() ? after.substr(0, after.find_last_not_of(kBlanks) + 1) : after);
    }
    out.content(text);
    out.shape(around.after);
  }
  if (ask_reply) out.shape(shape.reply);
  return out.take();
}

std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, std::span<const ChatText> parts) {
  std::string text;
  std::vector<Tokenizer::Part> special;
  for (const ChatText& part : parts) {
    if (!part.is_content) special.push_back({text.size(), text.size() + part.text.size()});
    text += part.text;
  }
  return tokenizer.encode(text, special);
}

}  // namespace tern::models
