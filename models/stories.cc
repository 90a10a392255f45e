// SPDX-License-Identifier: Apache-2.0

#include "models/stories.h"

namespace tern::models {

const std::string_view kStoriesGrammar = R"(
record Hero Lily  kind=girl She=She she=she her=her Her=Her them=her
record Hero Mia   kind=girl She=She she=she her=her Her=Her them=her
record Hero Anna  kind=girl She=She she=she her=her Her=Her them=her
record Hero Sue   kind=girl She=She she=she her=her Her=Her them=her
record Hero Tom   kind=boy She=He she=he her=his Her=His them=him
record Hero Ben   kind=boy She=He she=he her=his Her=His them=him
record Hero Max   kind=boy She=He she=he her=his Her=His them=him
record Hero Sam   kind=boy She=He she=he her=his Her=His them=him

record Pet dog    sound=barked way=ran food=bone
record Pet cat    sound=meowed way=crept food=fish
record Pet duck   sound=quacked way=waddled food=bread
record Pet rabbit sound=squeaked way=hopped food=carrot
record Pet pony   sound=neighed way=trotted food=apple
record Pet frog   sound=croaked way=jumped food=leaf

record Thing ball  verb=throw did=threw
record Thing kite  verb=fly did=flew
record Thing drum  verb=play did=played
record Thing boat  verb=sail did=sailed
record Thing book  verb=read did=read
record Thing hat   verb=wear did=wore
record Thing bell  verb=ring did=rang
record Thing cart  verb=pull did=pulled

record Place park   at=in_the_park to=to_the_park by=tree
record Place forest at=in_the_forest to=to_the_forest by=stone
record Place beach  at=on_the_beach to=to_the_beach by=rock
record Place garden at=in_the_garden to=to_the_garden by=flower
record Place farm   at=on_the_farm to=to_the_farm by=barn
record Place hill   at=on_the_hill to=to_the_hill by=bush

record Dish cake  made=baked part=sugar
record Dish soup  made=cooked part=salt
record Dish pie   made=baked part=butter
record Dish bread made=baked part=flour
record Dish jam   made=cooked part=berries

rule Story = 3 for h in Hero for p in Pet for t in Thing: Lost[h p t]
           | 3 for h in Hero for g in Hero except h for t in Thing: Share[h g t]
           | 2 for h in Hero for p in Pet: Stuck[h p]
           | 2 for h in Hero for g in Hero except h for d in Dish: Cook[h g d]

# A thing is lost and the pet finds it.
rule Lost[h p t] = Open[h] " " HasPet[h p] " " HasThing[h t] " " LostPlace[h p t]
rule LostPlace[h p t] = for l in Place: GoWithPet[h p l] " " LostAt[h p t l]
rule LostAt[h p t l] = Uses[h t l] " " Loses[h t] " " Feels_sad[h] " " Search[h t l] " "
                       PetHelps[p] " " Finds[h p t l] " " Glad[h] " " ThankPet[h p] " " HomeTogether[h p]

# A friend wants the thing too.
rule Share[h g t] = Open[h] " " HasThing[h t] " " ShareAt0[h g t]
rule ShareAt0[h g t] = for l in Place: GoAlone[h l] " " Uses[h t l] " " ShareAt[h g t l]
rule ShareAt[h g t l] = Meets[h g l] " " Asks[g t] " " ShareEnd[h g t]
rule ShareEnd[h g t] = 3 SaysYes[h g t] " " PlayTogether[h g t] " " Friends[h g]
                     | 1 SaysNo[h g t] " " Feels_sad[g] " " Sorry[h g] " " SaysYes[h g t] " " PlayTogether[h g t] " " Friends[h g]

# The pet is stuck.
rule Stuck[h p] = Open[h] " " HasPet[h p] " " Stuck0[h p]
rule Stuck0[h p] = for l in Place: GoWithPet[h p l] " " GetsStuck[p l] " " PetCalls[p] " " Scared[p] " " Stuck1[h p]
rule Stuck1[h p] = 2 Brave[h p] " " Rescue[h p] " " Glad[h] " " Feeds[h p] " " HomeTogether[h p]
                 | 1 for g in Hero except h: Calls[h g] " " Helps[h g p] " " Glad[h] " " Thanks[h g] " " Friends[h g]

# Something is cooked for a friend.
rule Cook[h g d] = Open[h] " " Wants[h g d] " " Takes[h d] " " Makes[h d] " " Cook1[h g d]
rule Cook1[h g d] = 3 Smells[d] " " Brings[h g d] " " Tastes[g d] " " Thanks[g h] " " Friends[h g]
                  | 1 Burns[h d] " " Feels_sad[h] " " HelpCook[h g d] " " Makes2[h g d] " " Smells[d] " " Friends[h g]

sentence Open[h] = 4 "Once upon a time, there was a " Size " {h.kind} named {h}."
                 | 2 "There once was a " Size " {h.kind} called {h}."
                 | 1 "{h} was a " Size " {h.kind} who liked to " Hobby "."
rule Size = 4 "little" | 2 "small" | 2 "kind" | 1 "happy" | 1 "brave"
rule Hobby = "sing" | "run" | "dance" | "draw"

sentence HasPet[h p] = 3 "{h.She} had a " PetLook " {p} that {h.she} loved very much."
                     | 2 "{h.Her} best friend was a " PetLook " {p}."
                     | 1 "{h} lived with a " PetLook " {p}."
rule PetLook = 3 "big" | 2 "tiny" | 2 "white" | 2 "black" | 1 "funny" | 1 "very " PetLook2
rule PetLook2 = "soft" | "old" | "clever"

sentence HasThing[h t] = 3 "{h.She} had a " Color " {t}."
                       | 2 "For {h.her} birthday, {h} got a " Color " {t}."
                       | 2 "{h} loved to {t.verb} {h.her} " Color " {t}."
rule Color = 3 "red" | 3 "blue" | 2 "green" | 2 "yellow" | 1 "shiny " Color2
rule Color2 = "new" | "gold" | "silver"

sentence GoWithPet[h p l] = 3 Time ", {h} went {l.to} with the {p}."
                          | 2 Time ", {h} and the {p} walked {l.to}."
                          | 1 "The {p} {p.way} {l.to} and {h} followed."
sentence GoAlone[h l] = 3 Time ", {h} went {l.to}."
                      | 2 Time ", {h} took it {l.to}."
                      | 1 "{h} ran {l.to} as fast as {h.she} could."
rule Time = 5 "One day" | 2 "One " Weather " day" | 2 "In the " PartOfDay | 1 "The next day"
rule Weather = 3 "sunny" | 2 "windy" | 1 "cold" | 1 "warm"
rule PartOfDay = "morning" | "afternoon" | "evening"

sentence Uses[h t l] = 3 "{h.She} {t.did} the {t} near a " Big " {l.by}."
                     | 2 "It was fun to {t.verb} the {t} {l.at}."
                     | 1 "{h} {t.did} the {t} and laughed."
rule Big = 3 "big" | 2 "tall" | 1 "round" | 1 "pretty"

sentence Loses[h t] = 3 "Then the {t} was gone."
                    | 2 "But then {h} could not see the {t}."
                    | 1 "Suddenly, {h} lost the {t}."
sentence Feels_sad[h] = 3 "{h} was " Sad "."
                      | 2 "{h} felt " Sad " and started to cry."
                      | 1 "A tear ran down {h.her} face."
rule Sad = 4 "sad" | 2 "very sad" | 1 "upset" | 1 "so " Sad2
rule Sad2 = "lonely" | "worried"
sentence Search[h t l] = 3 "{h.She} looked behind the {l.by}, but the {t} was not there."
                       | 2 "{h.She} looked everywhere {l.at}."
                       | 1 "\"Where is my {t}?\" asked {h}."
sentence PetHelps[p] = 3 "The {p} {p.sound} and {p.way} away."
                     | 2 "The {p} wanted to help."
                     | 1 "Then the {p} had an idea and {p.sound}."
sentence Finds[h p t l] = 3 "The {p} found the {t} under a " Big " {l.by}."
                        | 2 "Soon the {p} came back with the {t}."
                        | 1 "{h} saw the {p} next to the {t}."
sentence Glad[h] = 3 "{h} was so " Happy "."
                 | 2 "{h.She} smiled and clapped {h.her} hands."
                 | 1 "\"Hooray!\" shouted {h}."
rule Happy = 4 "happy" | 2 "glad" | 1 "proud" | 1 "excited"
sentence ThankPet[h p] = 3 "{h.She} hugged the {p} and gave it a " Tasty " {p.food}."
                       | 2 "\"Good {p}!\" said {h}."
                       | 1 "\"You are the best {p} in the world,\" {h.she} said."
rule Tasty = 3 "tasty" | 2 "big" | 1 "fresh"
sentence HomeTogether[h p] = 3 "Then {h} and the {p} went home."
                           | 2 "That night, the {p} slept next to {h.her} bed."
                           | 2 "From that day on, {h} and the {p} were never apart."

sentence Meets[h g l] = 3 "{h.She} met {g} by the {l.by}."
                      | 2 "A {g.kind} named {g} came and watched."
                      | 1 "{g} was also {l.at}."
sentence Asks[g t] = 3 "\"Can I {t.verb} it too?\" asked {g}."
                   | 2 "\"What a " Nice " {t}!\" said {g}."
                   | 1 "{g} wanted to {t.verb} the {t} too."
rule Nice = 3 "nice" | 2 "pretty" | 1 "great"
sentence SaysYes[h g t] = 3 "\"Yes, you can {t.verb} it with me,\" said {h}."
                        | 2 "{h} gave the {t} to {g} and smiled."
                        | 1 "\"Let us share,\" {h} said to {g}."
sentence SaysNo[h g t] = 2 "\"No, it is my {t}!\" said {h}."
                       | 1 "{h} did not want to share the {t} with {g}."
sentence Sorry[h g] = 2 "{h} saw that {g} was crying and felt bad."
                    | 1 "\"I am sorry, {g},\" said {h}."
sentence PlayTogether[h g t] = 3 "{h} and {g} {t.did} the {t} all day."
                             | 2 "They took turns and had " Much " fun."
                             | 1 "They {t.did} it until the sun went down."
rule Much = 3 "a lot of" | 2 "so much" | 1 "lots of"
sentence Friends[h g] = 3 "{h} and {g} became " Best " friends."
                      | 2 "{h} was glad to have a friend like {g}."
                      | 2 "And they lived happily ever after."
rule Best = 3 "good" | 2 "best" | 1 "great"

sentence GetsStuck[p l] = 3 "The {p} got stuck behind a " Big " {l.by}."
                        | 2 "Oh no, the {p} fell into a deep hole near the {l.by}."
                        | 1 "The {p} {p.way} too far and could not get back."
sentence PetCalls[p] = 3 "The {p} {p.sound} for help."
                     | 2 "It {p.sound} very loudly."
                     | 1 "\"Help!\" the {p} {p.sound}."
sentence Scared[p] = 3 "The poor {p} was " Scary "."
                   | 1 "It was dark and the {p} was " Scary "."
rule Scary = 3 "scared" | 2 "afraid" | 1 "very scared"
sentence Brave[h p] = 3 "{h} was brave and did not run away."
                    | 2 "\"Do not worry, I will help you,\" said {h} to the {p}."
                    | 1 "{h} took a long rope out of {h.her} bag."
sentence Rescue[h p] = 3 "{h.She} pulled and pulled, and the {p} was free."
                     | 2 "With all {h.her} strength, {h} lifted the {p} up."
                     | 1 "At last, {h.she} got the {p} out."
sentence Feeds[h p] = 3 "{h.She} gave the {p} a " Tasty " {p.food}."
                    | 2 "The {p} ate a " Tasty " {p.food} and {p.sound}."
sentence Calls[h g] = 3 "{h} called {h.her} friend {g}."
                    | 2 "\"{g}, please help us!\" shouted {h}."
sentence Helps[h g p] = 3 "{g} came and pulled the {p} out with {h}."
                      | 2 "Together, {h} and {g} saved the {p}."
sentence Thanks[h g] = 3 "\"Thank you, {g}!\" said {h}."
                     | 2 "{h} gave {g} a big hug."
                     | 1 "{h} thanked {g} many times."

sentence Wants[h g d] = 3 Time ", {h} wanted to make {d} for {g}."
                      | 2 "{g} was sick, so {h} wanted to make some {d} for {g.them}."
                      | 1 "It was {g.her} birthday, and {h} thought that {g} would like {d}."
sentence Takes[h d] = 3 "{h.She} took {d.part}, " Food " and " Food2 "."
                    | 2 "{h.Her} mom gave {h.them} some {d.part}."
                    | 1 "First, {h.she} went to the shop to buy {d.part}."
rule Food = "milk" | "water" | "eggs"
rule Food2 = "honey" | "nuts" | "apples"
sentence Makes[h d] = 3 "{h} {d.made} the {d} with care."
                    | 2 "Then {h.she} {d.made} the {d} for a long time."
sentence Smells[d] = 3 "The {d} smelled " Yum "."
                   | 1 "Soon the {d} was ready, and it looked " Yum "."
rule Yum = 3 "so good" | 2 "very sweet" | 1 "yummy"
sentence Brings[h g d] = 3 "{h} brought the warm {d} to {g}."
                       | 2 "{h.She} put the {d} in a basket and walked to the house of {g}."
sentence Tastes[g d] = 3 "{g} ate the {d} and smiled."
                     | 2 "\"This is the best {d} ever!\" said {g}."
                     | 1 "{g} asked for more {d}."
sentence Burns[h d] = 3 "But the {d} was burned."
                    | 2 "But {h} forgot the {d.part}, and the {d} tasted bad."
sentence HelpCook[h g d] = 3 "{g} came and said, \"We can try again.\""
                         | 2 "\"I will help you make new {d},\" said {g}."
sentence Makes2[h g d] = 3 "{h} and {g} {d.made} a new {d} together."
                       | 2 "This time, {g} added more {d.part}."
)";

}  // namespace tern::models
