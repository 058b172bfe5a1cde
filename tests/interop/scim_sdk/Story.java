import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.captaingoldfish.scim.sdk.client.ScimClientConfig;
import de.captaingoldfish.scim.sdk.client.ScimRequestBuilder;
import de.captaingoldfish.scim.sdk.client.builder.BulkBuilder;
import de.captaingoldfish.scim.sdk.client.resources.MetaConfiguration;
import de.captaingoldfish.scim.sdk.client.response.ServerResponse;
import de.captaingoldfish.scim.sdk.common.constants.EndpointPaths;
import de.captaingoldfish.scim.sdk.common.constants.enums.Comparator;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.constants.enums.PatchOp;
import de.captaingoldfish.scim.sdk.common.constants.enums.SortOrder;
import de.captaingoldfish.scim.sdk.common.etag.ETag;
import de.captaingoldfish.scim.sdk.common.resources.EnterpriseUser;
import de.captaingoldfish.scim.sdk.common.resources.Group;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.Name;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Email;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Member;
import de.captaingoldfish.scim.sdk.common.response.ListResponse;
import java.util.List;
import java.util.Map;

/**
 * Everything that the client of SCIM-SDK can do, as its documentation shows it, against the address in the first
 * argument with the token in MO_TOKEN. One line of JSON for each step: what came back, and what the client made of it.
 */
public class Story {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User";
  private static final String USERS = EndpointPaths.USERS;
  private static final String GROUPS = EndpointPaths.GROUPS;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> headers = Map.of("Authorization", "Bearer " + System.getenv("MO_TOKEN"));
    ScimClientConfig config = ScimClientConfig.builder().socketTimeout(60).httpHeaders(headers).build();
    try (ScimRequestBuilder client = new ScimRequestBuilder(arguments[0], config)) {
      discovery(client);
      String an = users(client);
      lists(client);
      groups(client, an);
      bulk(client);
      ends(client, an);
    }
  }

  private static void discovery(ScimRequestBuilder client) throws Exception {
    ServerResponse<MetaConfiguration> all = client.loadMetaConfiguration().sendRequest();
    MetaConfiguration known = all.getResource();
    say("discovery", Map.of("success", all.isSuccess(), "schemas", known.getSchemas().size(), "types", known.getResourceTypes().size(),
        "bulk", known.getServiceProvider().getBulkConfig().isSupported(),
        "patch", known.getServiceProvider().getPatchConfig().isSupported(),
        "etag", known.getServiceProvider().getETagConfig().isSupported()));
  }

  private static String users(ScimRequestBuilder client) throws Exception {
    ServerResponse<User> made = client.create(User.class, USERS).setResource(user("an", true)).sendRequest();
    told("create", made);
    told("create again", client.create(User.class, USERS).setResource(user("an", true)).sendRequest());
    String id = made.getResource().getId().get();
    ServerResponse<User> read = client.get(User.class, USERS, id).sendRequest();
    told("get", read);
    ETag version = read.getResource().getMeta().get().getVersion().get();
    told("get unchanged", client.get(User.class, USERS, id).setETagForIfNoneMatch(version).sendRequest());
    User whole = read.getResource();
    whole.setDisplayName("An Verzonnen");
    told("replace", client.update(User.class, USERS, id).setETagForIfMatch(version).setResource(whole).sendRequest());
    told("replace stale", client.update(User.class, USERS, id).setETagForIfMatch(version)
        .setResource(whole.deepCopy().put("displayName", "Te laat")).sendRequest());
    told("patch", client.patch(User.class, USERS, id)
        .addOperation().op(PatchOp.REPLACE).path("emails[type eq \"work\"].value").value("an.v@school.example")
        .next().op(PatchOp.ADD).path("nickName").value("Antje")
        .next().op(PatchOp.REMOVE).path("title").build().sendRequest());
    told("patch without path", client.patch(User.class, USERS, id)
        .addOperation().op(PatchOp.REPLACE).valueNode(JSON.createObjectNode().put("active", false)).build()
        .sendRequest());
    told("patch a boolean as text", client.patch(User.class, USERS, id)
        .addOperation().op(PatchOp.REPLACE).path("active").value("true").build().sendRequest());
    told("patch our extension", client.patch(User.class, USERS, id)
        .addOperation().op(PatchOp.ADD).path(OURS + ":affiliations").valueNode(at("900002")).build().sendRequest());
    told("patch what is not there", client.patch(User.class, USERS, id)
        .addOperation().op(PatchOp.REPLACE).path("nonsense").value("x").build().sendRequest());
    return id;
  }

  private static void lists(ScimRequestBuilder client) throws Exception {
    for (String name : List.of("bo", "cas", "dirk")) {
      client.create(User.class, USERS).setResource(user(name, true)).sendRequest();
    }
    ServerResponse<ListResponse<User>> found = client.list(User.class, USERS)
        .filter("userName", Comparator.EQ, "sdk.BO").build().get().sendRequest();
    listed("list by name", found);
    found = client.list(User.class, USERS).count(2).startIndex(2).sortBy("userName").sortOrder(SortOrder.DESCENDING)
        .attributes("userName").filter("userName", Comparator.SW, "sdk.").and("active", Comparator.EQ, true).build()
        .get().sendRequest();
    listed("list a page", found);
    found = client.list(User.class, USERS).filter(true, "userName", Comparator.EQ, "sdk.bo")
        .or("name.familyName", Comparator.CO, "cas", true)
        .and("emails.value", Comparator.EW, "school.example").build().post().sendRequest();
    listed("search", found);
    found = client.list(User.class, USERS).filter("userName", Comparator.SW, "sdk.").build().get().getAll();
    names("list all", found);
    told("list by nonsense", client.list(User.class, USERS).filter("nonsense eq").get().sendRequest());
  }

  private static void groups(ScimRequestBuilder client, String an) throws Exception {
    Group theme = Group.builder().displayName("MO_900001_leerlingen-openbaar")
        .members(List.of(Member.builder().value(an).type("User").build())).build();
    ServerResponse<Group> made = client.create(Group.class, GROUPS).setResource(theme).sendRequest();
    told("create group", made);
    String id = made.getResource().getId().get();
    told("member is told", client.get(User.class, USERS, an).sendRequest());
    told("remove member", client.patch(Group.class, GROUPS, id)
        .addOperation().op(PatchOp.REMOVE).path("members[value eq \"" + an + "\"]").build().sendRequest());
    told("add member", client.patch(Group.class, GROUPS, id).addOperation().op(PatchOp.ADD).path("members")
        .valueNode(Member.builder().value(an).build()).build().sendRequest());
    told("delete group", client.delete(Group.class, GROUPS, id).sendRequest());
  }

  private static void bulk(ScimRequestBuilder client) throws Exception {
    BulkBuilder asked = client.bulk().failOnErrors(2);
    asked = asked.bulkRequestOperation(USERS).method(HttpMethod.POST).bulkId("u1").data(user("els", true)).next();
    Group group = Group.builder().displayName("sdk bulk")
        .members(List.of(Member.builder().value("bulkId:u1").type("User").build())).build();
    asked = asked.bulkRequestOperation(GROUPS).method(HttpMethod.POST).bulkId("g1").data(group).next();
    told("bulk", asked.sendRequest());
  }

  private static void ends(ScimRequestBuilder client, String an) throws Exception {
    told("delete", client.delete(User.class, USERS, an).sendRequest());
    told("get after delete", client.get(User.class, USERS, an).sendRequest());
    told("delete again", client.delete(User.class, USERS, an).sendRequest());
  }

  private static User user(String name, boolean active) {
    User user = User.builder().userName("sdk." + name).externalId("sdk-" + name).active(active).title("Leraar")
        .name(Name.builder().givenName("An").familyName("Verzonnen " + name).build())
        .emails(List.of(Email.builder().value(name + "@school.example").type("work").primary(true).build()))
        .enterpriseUser(EnterpriseUser.builder().department("Wiskunde").build()).build();
    ObjectNode ours = JSON.createObjectNode();
    ours.putArray("affiliations").add(at("900001"));
    user.set(OURS, ours);
    user.addSchema(OURS);
    return user;
  }

  private static ObjectNode at(String institution) {
    return JSON.createObjectNode().put("value", institution).put("role", "gebruiker");
  }

  private static void listed(String step, ServerResponse<ListResponse<User>> answer) throws Exception {
    told(step, answer);
    names(step + ": names", answer);
  }

  private static void names(String step, ServerResponse<ListResponse<User>> answer) throws Exception {
    ListResponse<User> found = answer.getResource();
    say(step, Map.of("total", found.getTotalResults(),
        "names", found.getListedResources().stream().map(user -> user.getUserName().orElse("")).toList()));
  }

  private static void told(String step, ServerResponse<?> answer) throws Exception {
    String body = answer.getResponseBody();
    say(step, Map.of("status", answer.getHttpStatus(), "success", answer.isSuccess(), "valid",
        answer.isValidScimResponse(), "error", answer.getErrorResponse() != null, "body", body == null ? "" : body));
  }

  private static void say(String step, Map<String, ?> told) throws Exception {
    ObjectNode line = JSON.valueToTree(told);
    System.out.println(line.put("step", step));
  }
}
